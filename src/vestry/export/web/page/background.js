// What lies behind the object of a photograph, as `vestry.serve.background` finds it.

import { blurred, image } from "./resampling.js";

const FARTHEST = Math.sqrt(3) * 255;
const NEAR = 0.05, NOISE = 3.5, WIDEST = 0.2, PLAIN = 0.55, RING = 0.03, RING_PIXELS = 2000;
const ROUNDS = 12, LEAST_SHARE = 0.02, SMALLEST_FILTERED = 64;

export const median = (values) => {
  const sorted = Float64Array.from(values).sort(), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

// As Python and numpy round: halves to the even number.
export const rounded = (value) => {
  const down = Math.floor(value), rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
};

const clipped = (value, least, most) => Math.min(most, Math.max(least, value));

// { width, height, level, distance, tolerance, plain } of a picture of three channels. level: its
// background's colour at each pixel. distance: each pixel's from it. tolerance: distances up to it
// are background. plain: whether most of the border agrees with such a background.
export function backgroundOf(picture) {
  const { width, height } = picture;
  const { data } = Math.min(width, height) >= SMALLEST_FILTERED ? blurred(picture) : picture;
  const places = placesOf(width, height), ring = ringOf(width, height);
  const planes = fittedPlanes(ring.map(places), ring.map((k) => [data[3 * k], data[3 * k + 1], data[3 * k + 2]]));
  const level = new Float32Array(3 * width * height), distance = new Float32Array(width * height);
  for (let k = 0; k < distance.length; k++) {
    const place = places(k);
    let sum = 0;
    for (let c = 0; c < 3; c++) {
      level[3 * k + c] = clipped(along(place, planes, c), 0, 255);
      sum += (data[3 * k + c] - level[3 * k + c]) ** 2;
    }
    distance[k] = Math.sqrt(sum);
  }
  const away = ring.map((k) => distance[k]);
  const tolerance = Math.min(Math.max(NEAR, (NOISE * median(away)) / FARTHEST), WIDEST) * FARTHEST;
  const plain = away.filter((value) => value <= tolerance).length / away.length >= PLAIN;
  return { width, height, level, distance, tolerance, plain };
}

export const isObject = ({ distance, tolerance }, k) => distance[k] > tolerance;

// 0 on the background, 1 on the object, with a soft edge.
export const matte = ({ distance, tolerance }, k) => clipped((distance[k] - tolerance / 2) / (tolerance / 2), 0, 1);

// [left, top, right, bottom] around the object; null where there is nothing but background.
export function boxOf(background) {
  const { width, height } = background;
  const rows = span(counts(background, height, width, (y, x) => y * width + x));
  if (rows === null) return null;
  const high = rows[1] - rows[0];
  const columns = span(counts(background, width, high, (x, y) => (rows[0] + y) * width + x));
  if (columns === null) return null;
  const wide = columns[1] - columns[0];
  const again = span(counts(background, height, wide, (y, x) => y * width + columns[0] + x)) ?? rows;
  return [columns[0], again[0], columns[1], again[1]];
}

function counts(background, lines, length, at) {
  return Array.from({ length: lines }, (_, line) => {
    let sum = 0;
    for (let place = 0; place < length; place++) sum += isObject(background, at(line, place));
    return sum;
  });
}

export function cropped(background, [left, top, right, bottom]) {
  const { width, level, distance } = background, [w, h] = [right - left, bottom - top];
  const made = { ...background, width: w, height: h, level: new Float32Array(3 * w * h), distance: new Float32Array(w * h) };
  for (let y = 0; y < h; y++) {
    const from = (top + y) * width + left;
    made.distance.set(distance.subarray(from, from + w), y * w);
    made.level.set(level.subarray(3 * from, 3 * (from + w)), 3 * y * w);
  }
  return made;
}

export function croppedPicture({ width, channels, data }, [left, top, right, bottom]) {
  const made = image(right - left, bottom - top, channels);
  for (let y = 0; y < made.height; y++) {
    const from = ((top + y) * width + left) * channels;
    made.data.set(data.subarray(from, from + made.width * channels), y * made.width * channels);
  }
  return made;
}

// 1 and each pixel's place from -1 to 1, what a plane is made of.
function placesOf(width, height) {
  const share = (k, count) => (count === 1 ? -1 : Math.fround(-1 + (2 * k) / (count - 1)));
  return (k) => [1, share(k % width, width), share(Math.floor(k / width), height)];
}

const along = (place, planes, c) => place[0] * planes[0][c] + place[1] * planes[1][c] + place[2] * planes[2][c];

// RING_PIXELS or fewer pixels along the border.
function ringOf(width, height) {
  const thick = Math.max(1, rounded(RING * Math.min(width, height))), found = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y < thick || y >= height - thick || x < thick || x >= width - thick) found.push(y * width + x);
    }
  }
  const step = Math.ceil(found.length / RING_PIXELS);
  return found.filter((_, k) => k % step === 0);
}

// Three planes with the least sum of distances, by reweighted least squares.
function fittedPlanes(places, colours) {
  let planes = [[0, 1, 2].map((c) => median(colours.map((colour) => colour[c]))), [0, 0, 0], [0, 0, 0]];
  for (let round = 0; round < ROUNDS; round++) {
    const square = [[0, 0, 0], [0, 1e-3, 0], [0, 0, 1e-3]], right = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
    for (let k = 0; k < places.length; k++) {
      const place = places[k], colour = colours[k];
      const away = Math.hypot(...colour.map((value, c) => value - along(place, planes, c)));
      const weight = 1 / Math.max(away, 1);
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          square[a][b] += weight * place[a] * place[b];
          right[a][b] += weight * place[a] * colour[b];
        }
      }
    }
    planes = solved(square, right);
  }
  return planes;
}

// The solution of three equations for each of three right sides.
function solved(square, right) {
  const rows = square.map((row, k) => [...row, ...right[k]]);
  for (let k = 0; k < 3; k++) {
    const best = [0, 1, 2].slice(k).reduce((a, b) => (Math.abs(rows[b][k]) > Math.abs(rows[a][k]) ? b : a));
    [rows[k], rows[best]] = [rows[best], rows[k]];
    rows[k] = rows[k].map((value) => value / rows[k][k]);
    for (const other of [0, 1, 2].filter((row) => row !== k)) {
      rows[other] = rows[other].map((value, column) => value - rows[other][k] * rows[k][column]);
    }
  }
  return rows.map((row) => row.slice(3));
}

// From where to where lines hold the object; pieces with less than LEAST_SHARE of it are left out.
function span(sums) {
  const total = sums.reduce((a, b) => a + b, 0), pieces = [];
  let start = null, within = 0;
  for (let k = 0; k <= sums.length; k++) {
    if (k < sums.length && sums[k] > 0) {
      start ??= k;
      within += sums[k];
    } else if (start !== null) {
      if (within >= LEAST_SHARE * total) pieces.push([start, k]);
      [start, within] = [null, 0];
    }
  }
  return pieces.length ? [pieces[0][0], pieces[pieces.length - 1][1]] : null;
}
