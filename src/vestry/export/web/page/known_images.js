// Labelled images that came with the model: to be tried, and to set answers beside.

import { shown } from "./canvas.js";
import { decoded } from "./png.js";
import { image } from "./resampling.js";

const AT_LEAST = 1e-6;

// given: { labels, ids, sprite }, the sprite a PNG in base64 with the images below each other.
export async function knownSet(given, model) {
  if (!given || given.ids.length === 0) return null;
  const [height, width, channels = 1] = model.image_shape;
  const { picture } = await decoded(Uint8Array.from(atob(given.sprite), (letter) => letter.charCodeAt(0)));
  const size = height * width * channels;
  const images = given.ids.map((_, row) => image(width, height, channels, picture.data.subarray(row * size, (row + 1) * size)));
  const directions = images.map(direction);
  const entry = (row) => ({ id: given.ids[row], class: model.classes[given.labels[row]], label: given.labels[row], image: shown(images[row]) });
  return {
    entries: () => images.map((_, row) => entry(row)),
    // Of whatever class, how like the most alike is.
    likeness: (picture) => {
      const own = direction(picture);
      return directions.reduce((most, each) => Math.max(most, cosine(own, each)), -1);
    },
    nearest: (picture, label, count) => {
      const own = direction(picture);
      const rows = given.labels.flatMap((each, row) => (each === label ? [[cosine(own, directions[row]), row]] : []));
      return rows.sort((a, b) => b[0] - a[0]).slice(0, count).map(([similarity, row]) => ({ ...entry(row), similarity }));
    },
  };
}

// An image less its mean, at length 1; zeros for a blank one.
function direction({ data }) {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const values = Float32Array.from(data, (value) => value - mean);
  const length = Math.max(AT_LEAST, Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)));
  return values.map((value) => value / length);
}

const cosine = (one, other) => one.reduce((sum, value, k) => sum + value * other[k], 0);
