// From a picture to the image that a model takes, as `vestry.serve.preprocessing` makes it.

import { AS_IT_IS, photographed, WORKING } from "./photograph.js";
import { colour, grey, onWhite, reduced } from "./resampling.js";
import { brought, ofFiles, wordsOf } from "./resizing.js";

const LARGE = 1_000_000, DRAFT = 4; // of a JPEG: from when on, and how far, it is made smaller first
const AS_TRAINED = "Prepared as the training images were";
const WAYS = {
  resized: AS_TRAINED,
  fitted: AS_TRAINED,
  cropped: AS_TRAINED,
  stored: "Prepared whole, since how the training images were made of pictures is not known",
  photograph: "Prepared whole, without the steps for photographs",
};
const NO_PLAIN_BORDER = "The model's training images have no plain border, so the steps for photographs were not taken.";

// file: what `read` of picture_file.js gave. photograph: take the steps for photographs, or do not;
// null: where the training images were made so.
export function prepare(file, model, photograph = null) {
  const wanted = photograph ?? model.preparation === "photograph";
  if (wanted && model.border !== null) return photographed(drafted(file, WORKING), model);
  const [height, width] = model.image_shape, side = DRAFT * Math.max(height, width);
  const large = ofFiles(model.preparation) && file.width * file.height > LARGE;
  const made = asTrained(large ? drafted(file, side) : file, model);
  return photograph && !made.untouched ? { ...made, warnings: [NO_PLAIN_BORDER] } : made;
}

// A JPEG is decoded by Vestry at a half, a quarter or an eighth where that is large enough; here the
// means of so many pixels stand for it, which are the same but for a rounding.
function drafted(file, side) {
  if (!file.jpeg) return file;
  const most = Math.floor(Math.min(file.width, file.height) / side);
  const factor = [8, 4, 2].find((each) => most >= each);
  return factor ? { ...file, picture: reduced(file.picture, factor) } : file;
}

function asTrained(file, model) {
  const [height, width, channels] = model.image_shape;
  const flat = (channels ? colour : grey)(onWhite(file.picture));
  const made = brought(flat, width, height, model.preparation, model.pillow);
  const first = [
    file.turned && "set upright by its EXIF orientation",
    file.transparent && "laid on white",
    file.colour && !channels && "made grey",
  ].filter(Boolean);
  const same = file.picture.width === width && file.picture.height === height;
  const size = same ? [] : [`resized to ${width} x ${height} pixels, ${wordsOf(model.preparation)}`];
  const change = [...first, ...size].join(", ");
  const words = change ? `${WAYS[model.preparation]}: ${change}.` : AS_IT_IS;
  return { image: made, words, untouched: !change, steps: steps(file, first, size, made), warnings: [] };
}

function steps(file, first, size, made) {
  if (first.length + size.length === 0) return [{ step: "As it is", words: AS_IT_IS, picture: made }];
  const { width, height } = made, last = size[0] ?? `${width} x ${height} pixels`;
  const sides = file.picture;
  const received = `${sides.width.toLocaleString("en")} x ${sides.height.toLocaleString("en")} pixels`;
  return [
    { step: "Received", words: `${[received, ...first].join(", ")}.`, picture: onWhite(file.picture) },
    { step: "Prepared", words: `${last.charAt(0).toUpperCase()}${last.slice(1)}. This is what the model sees.`, picture: made },
  ];
}
