// Pillow's filters on raw bytes, number by number: what the model was trained on was made by them.
//
// An image is { width, height, channels, data }: bytes, row by row, a pixel's channels together.
// After Pillow's Resample.c, Reduce.c and BoxBlur.c: weights of 22 bits, a pass along the rows, one
// along the columns, rounded to a byte after each.

const BITS = 22;

const triangle = { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };
const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
const lanczos = { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) };

export const BILINEAR = triangle, LANCZOS = lanczos;

export const image = (width, height, channels, data = new Uint8ClampedArray(width * height * channels)) =>
  ({ width, height, channels, data });

// For each new pixel of a side: where its old ones begin, and their weights as whole numbers.
function weights(from, to, filter) {
  const scale = from / to, stretch = Math.max(1, scale), reach = filter.support * stretch;
  return Array.from({ length: to }, (_, place) => {
    const middle = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - reach + 0.5));
    const last = Math.min(from, Math.trunc(middle + reach + 0.5));
    const each = Array.from({ length: last - first }, (__, x) => filter.at((x + first - middle + 0.5) * (1 / stretch)));
    const sum = each.reduce((a, b) => a + b, 0);
    return { first, each: Int32Array.from(each, (w) => {
      const share = (sum === 0 ? w : w / sum) * 2 ** BITS;
      return Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }) };
  });
}

function alongRows({ width, height, channels, data }, to, filter) {
  const made = image(to, height, channels), table = weights(width, to, filter);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      const { first, each } = table[x];
      for (let c = 0; c < channels; c++) {
        let sum = 2 ** (BITS - 1), at = (y * width + first) * channels + c;
        for (let k = 0; k < each.length; k++, at += channels) sum += data[at] * each[k];
        made.data[(y * to + x) * channels + c] = sum >> BITS; // the array clamps
      }
    }
  }
  return made;
}

function alongColumns({ width, height, channels, data }, to, filter) {
  const made = image(width, to, channels), table = weights(height, to, filter), row = width * channels;
  for (let y = 0; y < to; y++) {
    const { first, each } = table[y];
    for (let x = 0; x < row; x++) {
      let sum = 2 ** (BITS - 1), at = first * row + x;
      for (let k = 0; k < each.length; k++, at += row) sum += data[at] * each[k];
      made.data[y * row + x] = sum >> BITS;
    }
  }
  return made;
}

// `Image.resize`: every new pixel is made of all the old ones that it covers. pillow: the major
// version that is followed; from 13 on a height that shrinks most goes first.
export function resized(picture, width, height, filter, pillow = 13) {
  const rows = (from) => (from.width === width ? from : alongRows(from, width, filter));
  const columns = (from) => (from.height === height ? from : alongColumns(from, height, filter));
  const tall = picture.height - height > 2 * Math.max(0, picture.width - width);
  return pillow >= 13 && tall ? rows(columns(picture)) : columns(rows(picture));
}

// `Image.reduce`: the mean of each block; blocks at the right and lower edge may be smaller.
export function reduced(picture, factor) {
  if (factor === 1) return picture;
  const { width, height, channels, data } = picture;
  const made = image(Math.ceil(width / factor), Math.ceil(height / factor), channels);
  for (let y = 0; y < made.height; y++) {
    const bottom = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < made.width; x++) {
      const right = Math.min(width, (x + 1) * factor);
      const count = (bottom - y * factor) * (right - x * factor);
      const share = Math.floor(2 ** 24 / count);
      for (let c = 0; c < channels; c++) {
        let sum = Math.floor(count / 2);
        for (let row = y * factor; row < bottom; row++) {
          for (let column = x * factor; column < right; column++) sum += data[(row * width + column) * channels + c];
        }
        made.data[(y * made.width + x) * channels + c] = Math.floor((sum * share) / 2 ** 24);
      }
    }
  }
  return made;
}

// `ImageFilter.BoxBlur(1)`: the mean of three, along rows and then along columns.
export function blurred(picture) {
  const { width, height, channels } = picture, row = width * channels;
  return pass(pass(picture, channels, row, width, height), row, channels, height, width);
}

// step: between neighbours; across: between lines; length: of a line; lines: how many.
function pass(picture, step, across, length, lines) {
  const { width, height, channels, data } = picture, made = image(width, height, channels);
  const third = Math.floor(2 ** 24 / 3);
  for (let line = 0; line < lines; line++) {
    for (let place = 0; place < length; place++) {
      for (let c = 0; c < channels; c++) {
        const at = line * across + place * step + c;
        const before = place > 0 ? at - step : at, after = place < length - 1 ? at + step : at;
        made.data[at] = Math.floor(((data[before] + data[at] + data[after]) * third + 2 ** 23) / 2 ** 24);
      }
    }
  }
  return made;
}

// ITU-R 601 with 16 bits, as `Image.convert("L")` does it.
export function grey(picture) {
  if (picture.channels === 1) return picture;
  const made = image(picture.width, picture.height, 1), { data, channels } = picture;
  for (let k = 0, at = 0; k < made.data.length; k++, at += channels) {
    made.data[k] = (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000) >> 16;
  }
  return made;
}

export function colour(picture) {
  if (picture.channels === 3) return picture;
  const made = image(picture.width, picture.height, 3), { data, channels } = picture;
  for (let k = 0, at = 0; at < data.length; k += 3, at += channels) {
    for (let c = 0; c < 3; c++) made.data[k + c] = data[at + (channels > 2 ? c : 0)];
  }
  return made;
}

// `Image.alpha_composite` over white: four channels in, three out.
export function onWhite(picture) {
  if (picture.channels !== 4) return picture;
  const made = image(picture.width, picture.height, 3), { data } = picture;
  for (let k = 0, at = 0; at < data.length; k += 3, at += 4) {
    const alpha = data[at + 3];
    const own = Math.floor((alpha * 255 * 255 * 128) / (255 * 255)), rest = 255 * 128 - own;
    for (let c = 0; c < 3; c++) {
      const sum = data[at + c] * own + 255 * rest + (0x80 << 7);
      made.data[k + c] = alpha === 0 ? 255 : ((sum >> 8) + sum) >> 8 >> 7;
    }
  }
  return made;
}

export const isColoured = ({ channels, data }) => {
  if (channels < 3) return false;
  for (let at = 0; at < data.length; at += channels) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return true;
  }
  return false;
};
