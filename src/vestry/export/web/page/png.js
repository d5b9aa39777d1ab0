// PNG decoded here, not by the browser: what a canvas hands out has been through premultiplied
// alpha, colour profiles and a cut from 16 to 8 bits, and is not what Pillow reads.

import { image } from "./resampling.js";

const GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGBA = 6;
const SAMPLES = { [GREY]: 1, [RGB]: 3, [PALETTE]: 1, [GREY_ALPHA]: 2, [RGBA]: 4 };

export class Damaged extends Error {}

export const isPng = (bytes) => [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10].every((byte, k) => bytes[k] === byte);

// The sides that its header claims.
export function sides(bytes) {
  const { width, height } = header(bytes);
  return { width, height };
}

function header(bytes) {
  if (bytes.length < 33) throw new Damaged("its header is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [bits, kind, , , laced] = bytes.subarray(24, 29);
  if (!(kind in SAMPLES) || ![1, 2, 4, 8, 16].includes(bits)) throw new Damaged("its header is no PNG's");
  return { width, height, bits, kind, laced };
}

// { picture, colour, transparent, note }: an image of 1, 3 or 4 channels; whether the file has
// colour and holes; its EXIF note.
export async function decoded(bytes) {
  const head = header(bytes), parts = chunks(bytes);
  const raw = await inflated(parts.data, size(head));
  const samples = head.laced ? interlaced(raw, head) : plain(raw, head.width, head.height, head);
  const { palette, holes } = parts;
  const coloured = head.kind === PALETTE ? isColoured(palette) : head.kind === RGB || head.kind === RGBA;
  const transparent = head.kind === GREY_ALPHA || head.kind === RGBA || holes !== null;
  return { picture: pixels(samples, head, palette, holes), colour: coloured, transparent, note: parts.note };
}

function chunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = { data: [], palette: new Uint8Array(0), holes: null, note: new Uint8Array(0) };
  for (let place = 8; place + 8 <= bytes.length;) {
    const length = view.getUint32(place);
    const name = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
    const body = bytes.subarray(place + 8, Math.min(bytes.length, place + 8 + length));
    if (name === "IDAT") found.data.push(body);
    if (name === "PLTE") found.palette = body;
    if (name === "tRNS") found.holes = body;
    if (name === "eXIf") found.note = body;
    if (name === "IEND") break;
    place += 12 + length;
  }
  if (found.data.length === 0) throw new Damaged("it holds no pixels");
  return found;
}

const isColoured = (palette) => {
  for (let k = 0; k + 2 < palette.length; k += 3) {
    if (palette[k] !== palette[k + 1] || palette[k] !== palette[k + 2]) return true;
  }
  return false;
};

const line = (width, { kind, bits }) => Math.ceil((width * SAMPLES[kind] * bits) / 8);

// Adam7: where each pass begins and how far its pixels are apart.
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const passes = ({ width, height }) => PASSES.map(([x, y, right, down]) => ({
  x, y, right, down,
  width: Math.max(0, Math.ceil((width - x) / right)),
  height: Math.max(0, Math.ceil((height - y) / down)),
})).filter((pass) => pass.width > 0 && pass.height > 0);

function size(head) {
  const areas = head.laced ? passes(head) : [head];
  return areas.reduce((sum, { width, height }) => sum + height * (1 + line(width, head)), 0);
}

// No more than `expected` bytes, whatever the file would unpack to.
async function inflated(data, expected) {
  const stream = new Blob(data).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader(), whole = new Uint8Array(expected);
  let filled = 0;
  try {
    while (filled < expected) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, expected - filled);
      whole.set(part, filled);
      filled += part.length;
    }
  } catch {
    throw new Damaged("its pixels are cut off or cannot be unpacked");
  }
  reader.cancel().catch(() => {}); // what follows the last pixel is of no matter
  if (filled < expected) throw new Damaged("its pixels are cut off");
  return whole;
}

// Samples of whole bytes, or of 16 bits, row by row.
function plain(raw, width, height, head, start = 0) {
  const long = line(width, head), step = Math.max(1, (SAMPLES[head.kind] * head.bits) >> 3);
  const rows = unfiltered(raw.subarray(start, start + height * (long + 1)), long, height, step);
  const count = width * SAMPLES[head.kind];
  const made = head.bits === 16 ? new Uint16Array(count * height) : new Uint8Array(count * height);
  const mask = (1 << head.bits) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < count; x++) {
      const at = y * long;
      if (head.bits === 8) made[y * count + x] = rows[at + x];
      else if (head.bits === 16) made[y * count + x] = (rows[at + 2 * x] << 8) | rows[at + 2 * x + 1];
      else made[y * count + x] = (rows[at + ((x * head.bits) >> 3)] >> (8 - head.bits - ((x * head.bits) & 7))) & mask;
    }
  }
  return made;
}

function unfiltered(raw, long, height, step) {
  const made = new Uint8Array(long * height);
  for (let y = 0; y < height; y++) {
    const kind = raw[y * (long + 1)], from = y * (long + 1) + 1, to = y * long;
    if (kind > 4) throw new Damaged("its pixels cannot be read");
    for (let x = 0; x < long; x++) {
      const left = x >= step ? made[to + x - step] : 0, above = y > 0 ? made[to + x - long] : 0;
      const corner = x >= step && y > 0 ? made[to + x - long - step] : 0;
      made[to + x] = raw[from + x] + [0, left, above, (left + above) >> 1, kind === 4 ? paeth(left, above, corner) : 0][kind];
    }
  }
  return made;
}

function paeth(left, above, corner) {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

function interlaced(raw, head) {
  const each = SAMPLES[head.kind], count = head.width * head.height * each;
  const whole = head.bits === 16 ? new Uint16Array(count) : new Uint8Array(count);
  let start = 0;
  for (const { x, y, right, down, width, height } of passes(head)) {
    const part = plain(raw, width, height, head, start);
    start += height * (1 + line(width, head));
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const to = ((y + row * down) * head.width + x + column * right) * each;
        for (let c = 0; c < each; c++) whole[to + c] = part[(row * width + column) * each + c];
      }
    }
  }
  return whole;
}

// Bytes of 1, 3 or 4 channels, as Pillow makes them of samples: 16 bits of grey are rounded, of
// colour cut; one to four bits are spread.
function pixels(samples, { width, height, bits, kind }, palette, holes) {
  const wide = bits === 16, spread = wide ? 1 : kind === PALETTE ? 1 : 255 / ((1 << bits) - 1);
  const rounded = wide && kind === GREY;
  const byte = (value) => (rounded ? Math.floor((value + 128) / 257) : wide ? value >> 8 : value * spread);
  const each = SAMPLES[kind], count = width * height;
  const key = holes && kind !== PALETTE ? Array.from({ length: holes.length >> 1 }, (_, k) => (holes[2 * k] << 8) | holes[2 * k + 1]) : null;
  const hole = (at) => key !== null && key.every((value, c) => samples[at + c] === value);
  const open = kind === GREY_ALPHA || kind === RGBA || holes !== null;
  const channels = open ? 4 : kind === GREY ? 1 : 3, made = image(width, height, channels);
  for (let k = 0; k < count; k++) {
    const at = k * each, to = k * channels;
    if (kind === PALETTE) {
      const entry = samples[at];
      for (let c = 0; c < 3; c++) made.data[to + c] = palette[3 * entry + c] ?? 0;
      if (open) made.data[to + 3] = holes[entry] ?? 255;
    } else {
      const grey = kind === GREY || kind === GREY_ALPHA;
      for (let c = 0; c < Math.min(3, channels); c++) made.data[to + c] = byte(samples[at + (grey ? 0 : c)]);
      if (open) made.data[to + 3] = kind === GREY_ALPHA ? byte(samples[at + 1]) : kind === RGBA ? byte(samples[at + 3]) : hole(at) ? 0 : 255;
    }
  }
  return made;
}
