// From a file to upright pixels, and what was seen of the file on the way.

import { canvasIsTrue, ofCanvas } from "./canvas.js";
import * as png from "./png.js";
import { colour as inColour, image, isColoured } from "./resampling.js";

const MOST_PIXELS = 50_000_000;
const ORIENTATION = 0x0112, SHORT = 3;
const LYING = [5, 6, 7, 8];
const NO_NOTE = new Uint8Array(0);

// What is wrong with a file, in words for whoever chose it.
export class Unreadable extends Error {}

// { picture, width, height, colour, transparent, turned, jpeg }: pixels of 1, 3 or 4 channels, set
// upright; width and height as the file has them, lying or not.
export async function read(bytes) {
  if (bytes.length === 0) throw new Unreadable("The file is empty.");
  try {
    return png.isPng(bytes) ? await ofPng(bytes) : await ofOther(bytes);
  } catch (problem) {
    if (problem instanceof png.Damaged) throw new Unreadable(`The picture is damaged: ${problem.message}.`);
    throw problem;
  }
}

async function ofPng(bytes) {
  const { width, height } = png.sides(bytes);
  check(width, height);
  const { picture, colour, transparent, note } = await png.decoded(bytes);
  const turn = orientation(note);
  return { picture: upright(picture, turn), width, height, colour, transparent, turned: turn > 1, jpeg: false };
}

// Whatever else the browser reads. Browsers do not agree on whose EXIF notes they follow (in WEBP
// some do not), so the note is told to say "upright", and the picture is turned here.
async function ofOther(bytes) {
  const jpeg = jpegHeader(bytes), webp = isWebp(bytes);
  if (jpeg) check(jpeg.width, jpeg.height);
  const note = jpeg ? jpeg.note : webp ? webpNote(bytes) : NO_NOTE;
  const turn = orientation(note, true);
  const lying = await decodedByBrowser(bytes, Boolean(jpeg));
  const { width, height } = lying, transparent = hasHoles(lying);
  const colour = jpeg ? jpeg.components > 1 : webp || isColoured(lying);
  const picture = upright(transparent ? lying : inColour(lying), turn);
  return { picture, width, height, colour, transparent, turned: turn > 1, jpeg: Boolean(jpeg) };
}

async function decodedByBrowser(bytes, jpeg) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Unreadable(jpeg ? "The picture is damaged: this browser cannot decode it." : "This is no picture that the browser can read. Save it as PNG or JPEG, or use `vestry predict`, which reads TIFF and PPM too.");
  }
  try {
    check(bitmap.width, bitmap.height);
    if (canvasIsTrue()) return ofCanvas(bitmap);
  } finally {
    bitmap.close();
  }
  throw new Unreadable("This browser alters the pixels that it hands to pages, as a protection against being recognised, and the answer would be of another picture. Allow this page to read canvas data, or choose a PNG, which is decoded without the browser's help.");
}

function check(width, height) {
  if (width * height === 0) throw new Unreadable("The picture has no pixels.");
  if (width * height > MOST_PIXELS) {
    const millions = (pixels) => Math.round(pixels / 1e6).toLocaleString("en");
    throw new Unreadable(`The picture has ${width.toLocaleString("en")} x ${height.toLocaleString("en")} pixels (${millions(width * height)} megapixels); at most ${millions(MOST_PIXELS)} are decoded. Make it smaller first.`);
  }
}

const text = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
const isWebp = (bytes) => text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WEBP";

function hasHoles({ data }) {
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return true;
  return false;
}

// The EXIF note among the chunks of a WEBP.
function webpNote(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let place = 12; place + 8 <= bytes.length;) {
    const length = view.getUint32(place + 4, true);
    if (text(bytes, place, 4) === "EXIF") {
      const note = bytes.subarray(place + 8, place + 8 + length);
      return text(note, 0, 4) === "Exif" ? note.subarray(6) : note;
    }
    place += 8 + length + (length % 2);
  }
  return NO_NOTE;
}

// { width, height, components, note } of a JPEG, from its segments; null where the file is none.
function jpegHeader(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || bytes[2] !== 0xff) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let note = NO_NOTE;
  for (let place = 2; place + 10 <= bytes.length && bytes[place] === 0xff;) {
    const kind = bytes[place + 1], length = view.getUint16(place + 2);
    if (kind === 0xff) { place += 1; continue; }
    if (kind === 0xe1 && text(bytes, place + 4, 4) === "Exif") note = bytes.subarray(place + 10, place + 2 + length);
    const frame = kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind);
    if (frame) return { height: view.getUint16(place + 5), width: view.getUint16(place + 7), components: bytes[place + 9], note };
    place += 2 + length;
  }
  throw new Unreadable("The picture is damaged: its header is cut off.");
}

// 1 to 8, by an EXIF note; 1, upright, where it does not say. silenced: it says 1 from now on.
function orientation(note, silenced = false) {
  const order = text(note, 0, 4), little = order === "II*\0";
  if (!little && order !== "MM\0*") return 1;
  const view = new DataView(note.buffer, note.byteOffset, note.length);
  try {
    const start = view.getUint32(4, little), count = Math.min(512, view.getUint16(start, little));
    for (let entry = start + 2; entry < start + 2 + 12 * count; entry += 12) {
      if (view.getUint16(entry, little) === ORIENTATION && view.getUint16(entry + 2, little) === SHORT) {
        const turn = view.getUint16(entry + 8, little);
        if (silenced) view.setUint16(entry + 8, 1, little);
        return turn >= 1 && turn <= 8 ? turn : 1;
      }
    }
  } catch { /* cut off: it does not say */ }
  return 1;
}

// By orientation: from where in the old picture a new pixel comes (EXIF 2.32, tag 0x0112).
const TURNS = {
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, w, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, w, h) => [y, h - 1 - x],
  7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
  8: (x, y, w) => [w - 1 - y, x],
};

function upright(picture, turn) {
  const from = TURNS[turn], { width: w, height: h, channels } = picture;
  if (!from) return picture;
  const made = LYING.includes(turn) ? image(h, w, channels) : image(w, h, channels);
  for (let y = 0; y < made.height; y++) {
    for (let x = 0; x < made.width; x++) {
      const [column, row] = from(x, y, w, h);
      for (let c = 0; c < channels; c++) made.data[(y * made.width + x) * channels + c] = picture.data[(row * w + column) * channels + c];
    }
  }
  return made;
}
