// A picture brought to a size as its model's training images were: `vestry.data.resizing` in Python.

import { BILINEAR, image, resized } from "./resampling.js";

const WHITE = 255;
const WAYS = {
  resized: { made: stretched, words: "whatever its proportions" },
  fitted: { made: fitted, words: "in proportion, with white around" },
  cropped: { made: cropped, words: "cropped to its middle" },
};

// Whether training images that were prepared so were made of picture files.
export const ofFiles = (preparation) => preparation in WAYS;

// What is not known is stretched.
const way = (preparation) => WAYS[preparation] ?? WAYS.resized;

export const wordsOf = (preparation) => way(preparation).words;

// The picture, grey or in colour, in this size; itself where it has it. pillow: see `resized`.
export function brought(picture, width, height, preparation, pillow) {
  if (picture.width === width && picture.height === height) return picture;
  return way(preparation).made(picture, width, height, pillow);
}

function stretched(picture, width, height, pillow) {
  return resized(picture, width, height, BILINEAR, pillow);
}

function fitted(picture, width, height, pillow) {
  const inside = largest(picture, { width, height });
  const small = stretched(picture, inside.width, inside.height, pillow);
  const made = image(width, height, picture.channels);
  made.data.fill(WHITE);
  const left = Math.floor((width - small.width) / 2), top = Math.floor((height - small.height) / 2);
  copied(small, { left: 0, top: 0, ...inside }, made, { left, top });
  return made;
}

function cropped(picture, width, height, pillow) {
  const inside = largest({ width, height }, picture);
  const left = Math.floor((picture.width - inside.width) / 2), top = Math.floor((picture.height - inside.height) / 2);
  const middle = image(inside.width, inside.height, picture.channels);
  copied(picture, { left, top, ...inside }, middle, { left: 0, top: 0 });
  return stretched(middle, width, height, pillow);
}

// The part of one picture into another, a row at a time.
function copied(from, { left, top, width, height }, to, place) {
  const { channels } = from;
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * from.width + left) * channels;
    const row = from.data.subarray(start, start + width * channels);
    to.data.set(row, ((place.top + y) * to.width + place.left) * channels);
  }
}

// The largest sides in `room` of the proportions of `sides`, a pixel at least.
function largest(sides, room) {
  const factor = Math.min(room.width / sides.width, room.height / sides.height);
  const side = (from, most) => Math.min(most, Math.max(1, rounded(from * factor)));
  return { width: side(sides.width, room.width), height: side(sides.height, room.height) };
}

// As Python rounds: a half to the even number.
function rounded(value) {
  const below = Math.floor(value);
  if (value - below === 0.5) return below + (below % 2);
  return Math.round(value);
}
