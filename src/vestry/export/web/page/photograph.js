// Photographs made to look like the model's training images, as `vestry.serve.photograph` does it.

import { backgroundOf, boxOf, cropped, croppedPicture, isObject, matte, median, rounded } from "./background.js";
import { colour, image, isColoured, LANCZOS, onWhite, reduced, resized } from "./resampling.js";

export const WORKING = 256;
const MOST_GAIN = 3, WHITE = 255, GREY = [0.299, 0.587, 0.114];
export const AS_IT_IS = "Taken as it is: it has the model's size already.";
const BLANK = "The picture is one plain colour: there is no object in it.";
const NOT_PLAIN = "The background is not plain, so nothing was trimmed or removed. On a sheet of paper or a plain floor the answer is better.";
const FAINT = "The object is almost as bright as its background, so in grey it is hardly seen.";

// { image, words, steps, warnings } of what `read` gave, for a model whose border is known.
export function photographed(file, model) {
  const { picture } = file, factor = Math.floor(Math.max(picture.width, picture.height) / WORKING);
  const flat = reduced(onWhite(picture), Math.max(1, factor));
  const same = asItIs(flat, model.image_shape);
  if (same !== null) return { image: same, words: AS_IT_IS, untouched: true, steps: [{ step: "As it is", words: AS_IT_IS, picture: flat }], warnings: [] };
  const turned = file.turned ? ", set upright by its EXIF orientation" : "";
  const words = `${file.width.toLocaleString("en")} x ${file.height.toLocaleString("en")} pixels${turned}.`;
  return prepared(colour(flat), model, { step: "Received", words, picture: colour(flat) });
}

function asItIs(flat, [height, width, channels]) {
  if (flat.width !== width || flat.height !== height) return null;
  if (channels) return colour(flat);
  if (isColoured(flat)) return null;
  return flat.channels === 1 ? flat : image(width, height, 1, flat.data.filter((_, k) => k % flat.channels === 0));
}

function prepared(picture, model, first) {
  const background = backgroundOf(picture);
  const box = background.plain ? boxOf(background) : [0, 0, picture.width, picture.height];
  if (box === null) return blank(first, model);
  const part = background.plain ? croppedPicture(picture, box) : picture;
  const steps = background.plain ? [first, {
    step: "Trimmed",
    words: "Edges cut off that have the background's colour, within 5% of the largest distance or its noise. The background is measured along the whole border.",
    picture: part,
  }] : [first];
  const make = model.image_shape.length === 3 ? inColour : inGrey;
  return make(steps, part, cropped(background, box), model);
}

const ground = ({ border }) => (border === "dark" ? 0 : WHITE);
const whole = ({ image_shape: [height, width, channels = 1] }, value) =>
  image(width, height, channels, new Uint8ClampedArray(width * height * channels).fill(value));

function blank(first, model) {
  const made = whole(model, ground(model));
  const steps = [first, { step: "Blank", words: BLANK, picture: made }];
  return { image: made, words: sentence(steps), untouched: false, steps, warnings: [BLANK] };
}

// values: numbers from 0 to 255, not whole ones.
const grid = (width, height, channels, values) => ({ width, height, channels, values });
const bytes = ({ width, height, channels, values }) =>
  image(width, height, channels, Uint8ClampedArray.from(values, (value) => rounded(Math.min(WHITE, Math.max(0, value)))));
const lightness = (data, k) => data[3 * k] * GREY[0] + data[3 * k + 1] * GREY[1] + data[3 * k + 2] * GREY[2];

function inGrey(steps, part, background, model) {
  const { width, height } = part, count = width * height;
  const pixels = Float32Array.from({ length: count }, (_, k) => lightness(part.data, k));
  const level = Float32Array.from({ length: count }, (_, k) => lightness(background.level, k));
  const darker = isDarker(pixels, level, background);
  const strong = pixels.map((value, k) => strength(value, level[k], background, k, darker));
  const small = fitted(grid(width, height, 1, strong), model);
  const warnings = background.plain ? [] : [NOT_PLAIN];
  const gain = WHITE / small.values.reduce((most, value) => Math.max(most, value), 1);
  if (gain > MOST_GAIN) warnings.push(FAINT);
  const light = model.border === "light", turn = (value) => (light ? WHITE - value : value);
  const stretched = gain <= MOST_GAIN ? `until the strongest point is ${light ? "black" : "white"}` : "threefold";
  const made = { ...small, values: small.values.map((value) => turn(value * Math.min(gain, MOST_GAIN))) };
  const words = `${resizedWords(small)}; contrast stretched ${stretched}.`;
  const shown = bytes(grid(width, height, 1, strong.map(turn)));
  return finished([...steps, { step: "Grey", words: greyWords(background.plain, darker !== light, darker), picture: shown }], made, words, model, warnings);
}

function inColour(steps, part, background, model) {
  const { width, height, data } = part, warnings = background.plain ? [] : [NOT_PLAIN];
  let values = Float32Array.from(data), all = steps;
  if (background.plain) {
    values = values.map((value, k) => {
      const share = matte(background, Math.floor(k / 3));
      return value * share + ground(model) * (1 - share);
    });
    all = [...steps, { step: "Background", words: `The background replaced by the training images' ${model.border} one.`, picture: bytes(grid(width, height, 3, values)) }];
  }
  const small = fitted(grid(width, height, 3, values), model);
  return finished(all, small, `${resizedWords(small)}.`, model, warnings);
}

// Whether the object is darker than its background; without a plain one, whether the border is light.
function isDarker(pixels, level, background) {
  if (!background.plain) return median(level) >= WHITE / 2;
  return median(Array.from(pixels, (value, k) => value - level[k]).filter((_, k) => isObject(background, k))) < 0;
}

// 0 for background, 255 for black on it, or white where the object is lighter.
function strength(value, level, background, k, darker) {
  if (!background.plain) return darker ? WHITE - value : value;
  const most = darker ? level : WHITE - level, difference = darker ? level - value : value - level;
  return Math.min(1, Math.max(0, difference / Math.max(most, 1))) * WHITE * matte(background, k);
}

// The longer edge resized to the model's, the shorter by the same factor.
function fitted(values, { image_shape: [height, width], pillow }) {
  const factor = Math.min(height / values.height, width / values.width);
  const [wide, high] = [Math.max(1, rounded(values.width * factor)), Math.max(1, rounded(values.height * factor))];
  const small = resized(bytes(values), wide, high, LANCZOS, pillow);
  return grid(wide, high, values.channels, Float32Array.from(small.data));
}

function finished(steps, values, words, model, warnings) {
  const small = bytes(values), made = whole(model, ground(model)), row = small.width * small.channels;
  const [top, left] = [(made.height - small.height) >> 1, (made.width - small.width) >> 1];
  for (let y = 0; y < small.height; y++) {
    made.data.set(small.data.subarray(y * row, (y + 1) * row), ((top + y) * made.width + left) * made.channels);
  }
  const last = `In the middle of ${made.width} x ${made.height} pixels. This is what the model sees.`;
  const all = [...steps, { step: "Fitted", words, picture: small }, { step: "Centred", words: last, picture: made }];
  return { image: made, words: sentence(all), untouched: false, steps: all, warnings };
}

const resizedWords = ({ width, height }) => `Resized to ${width} x ${height} pixels, in its own proportions`;

function greyWords(plain, negated, darker) {
  const turned = negated ? "negated, because" : "not negated, because";
  if (!plain) return `Grey; ${turned} the border is ${darker ? "light" : "dark"}.`;
  return `Grey, and the background taken out of it; ${turned} the object is ${darker ? "darker" : "lighter"} than the background.`;
}

const sentence = (steps) => `Prepared as a photograph: ${steps.slice(1).map(({ step }) => step.toLowerCase()).join(", ")}.`;
