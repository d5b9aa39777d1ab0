// Pixels in and out of a canvas.

import { image } from "./resampling.js";

function pen(width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return canvas.getContext("2d", { willReadFrequently: true });
}

// Red, green, blue and alpha of a decoded picture.
export function ofCanvas(bitmap) {
  const drawn = pen(bitmap.width, bitmap.height);
  drawn.drawImage(bitmap, 0, 0);
  return image(bitmap.width, bitmap.height, 4, drawn.getImageData(0, 0, bitmap.width, bitmap.height).data);
}

// A PNG in a data URL, to be shown.
export function shown({ width, height, channels, data }, longest = 320) {
  const whole = new ImageData(width, height);
  for (let k = 0; k < width * height; k++) {
    for (let c = 0; c < 3; c++) whole.data[4 * k + c] = data[k * channels + (channels > 2 ? c : 0)];
    whole.data[4 * k + 3] = 255;
  }
  const drawn = pen(width, height);
  drawn.putImageData(whole, 0, 0);
  const factor = longest / Math.max(width, height);
  if (factor >= 1) return drawn.canvas.toDataURL();
  const small = pen(Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor)));
  small.drawImage(drawn.canvas, 0, 0, small.canvas.width, small.canvas.height);
  return small.canvas.toDataURL();
}

let known = null;

// Whether what is drawn is what is read; some browsers add noise, or hand out one colour.
export function canvasIsTrue() {
  if (known !== null) return known;
  const side = 64, given = new ImageData(side, side);
  for (let k = 0; k < given.data.length; k++) given.data[k] = k % 4 === 3 ? 255 : (k * 37) % 256;
  const drawn = pen(side, side);
  drawn.putImageData(given, 0, 0);
  const read = drawn.getImageData(0, 0, side, side).data;
  known = read.every((value, k) => value === given.data[k]);
  return known;
}
