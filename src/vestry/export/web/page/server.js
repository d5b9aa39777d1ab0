// In the place of the server: the same questions as to one, answered in this browser. Nothing is
// sent; what is fetched are the files of the folder that this page is in.

import { shown } from "./canvas.js";
import { knownSet } from "./known_images.js";
import { read, Unreadable } from "./picture_file.js";
import { prepare } from "./preparation.js";
import { loaded } from "./runtime.js";

const TOP = 3, NEAREST = 5;

export class Problem extends Error {
  constructor(text, again) {
    super(text);
    this.again = again; // whether the same may go well later
  }
}

let folder = null; // a promise of { model, run, known, tried }, made once

export async function models() {
  folder ??= opened();
  try {
    return [(await folder).model];
  } catch (problem) {
    folder = null; // to be tried again
    throw problem;
  }
}

async function opened() {
  try {
    return await started();
  } finally {
    document.getElementById("loading")?.remove(); // loaded, or a problem says why not
  }
}

async function started() {
  const model = JSON.parse(new TextDecoder().decode(await fetched("model.json")));
  const [known, tried] = await Promise.all([knownSet(model.known, model), knownSet(model.samples, model)]);
  let run;
  try {
    run = await loaded(model, fetched);
  } catch (problem) {
    if (problem instanceof Problem) throw problem;
    throw new Problem(`The model does not run in this browser (${problem.message}). A newer browser, or one in which WebAssembly is allowed, may run it.`, true);
  }
  return { model, run, known, tried };
}

async function fetched(path) {
  let reply;
  try {
    reply = await fetch(path);
  } catch {
    throw new Problem(`${path} cannot be loaded. See whether the connection and the server of this page still work, then try again.`, true);
  }
  if (!reply.ok) throw new Problem(`${path} is missing on the server of this page (status ${reply.status}). Copy the whole folder there.`, true);
  return reply.arrayBuffer();
}

export async function samples() {
  const { tried } = await folder;
  return tried ? tried.entries() : [];
}

// photograph: whether its object is to be trimmed and centred; null leaves that to the model.
export async function predict(_, blob, photograph = null) {
  const { model, run, known } = await folder;
  try {
    const prepared = prepare(await read(new Uint8Array(await blob.arrayBuffer())), model, photograph);
    return answer(prepared, await run(prepared.image), model, known);
  } catch (problem) {
    if (problem instanceof Unreadable) throw new Problem(problem.message, false);
    throw new Problem(`This browser could not answer (${problem.message}). It may be short of memory: close other pages, then try again.`, true);
  }
}

const first = (values) => values.indexOf(Math.max(...values));

function answer(prepared, { probabilities, votes }, model, known) {
  const label = first(probabilities), confidence = probabilities[label];
  const order = probabilities.map((share, row) => [share, row]).sort((a, b) => b[0] - a[0]);
  const held = (limits) => order.filter(([share, row]) => share >= limits[row] || row === label).map(([, row]) => model.classes[row]);
  const likeness = known && "threshold" in model.novelty ? known.likeness(prepared.image) : null;
  return {
    model: model.name,
    class: model.classes[label],
    label,
    confidence,
    probabilities,
    sure: model.threshold === null ? null : confidence >= model.threshold,
    threshold: model.threshold,
    top: order.slice(0, TOP).map(([probability, row]) => ({ class: model.classes[row], probability })),
    ...("thresholds" in model.sets && { set: held(model.sets.thresholds) }),
    ...(likeness !== null && { likeness, unlike: likeness < model.novelty.threshold }),
    ...(votes && { votes: votes.map((row, k) => vote(row, k, model)), agreeing: votes.filter((row) => first(row) === label).length }),
    prepared: prepared.words,
    untouched: prepared.untouched,
    strip: prepared.steps.map(({ step, words, picture }) => ({ step, words, image: shown(picture) })),
    warnings: prepared.warnings,
    nearest: known ? known.nearest(prepared.image, label, NEAREST) : [],
    abstention: model.abstention,
    sets: model.sets,
    novelty: model.novelty,
  };
}

function vote(row, k, model) {
  const label = first(row);
  return { member: model.members[k], class: model.classes[label], confidence: row[label], probabilities: row };
}
