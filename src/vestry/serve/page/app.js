// The page: a picture in, by any of five ways, and its answer out.

import { range, show, summary } from "./answer.js";
import { blobOf, byId, className, count, element, joined, modelName, percent, picture } from "./dom.js";
import { Drawing } from "./drawing.js";
import { readied } from "./pictures.js";
import { models, Problem, predict, samples } from "./server.js";

const state = { models: [], model: null, asked: null, turn: 0 };
let drawing;

async function start() {
  try {
    state.models = await models();
  } catch (problem) {
    return complain(problem, start);
  }
  silence();
  const select = byId("model");
  select.replaceChildren(...state.models.map(({ slug, name }) => element("option", { value: slug }, name)));
  byId("choice").hidden = state.models.length < 2;
  await choose(state.models[0]);
}

async function choose(model) {
  state.model = model;
  document.title = `${model.name} · Vestry`;
  about(model);
  ways(model);
  byId("knows").replaceChildren(modelName(model.name), ` tells ${count(model.classes.length)} classes apart: `, ...list(model.classes), ".");
  byId("knows").hidden = false;
  try {
    trials(await samples(model.slug));
  } catch (problem) {
    complain(problem, () => choose(model));
  }
}

// What is done to a picture, which depends on how the model's training images were made.
const WAYS = {
  photograph: () => "One object on a plain background is answered best.",
  resized: (size) => `It is resized to ${size} pixels, as the training images were.`,
  fitted: (size) => `It is fitted whole into ${size} pixels, with white around, as the training images were.`,
  cropped: (size) => `It is cropped to its middle and resized to ${size} pixels, as the training images were.`,
  stored: (size) => `It is resized to ${size} pixels; how the training images were made of pictures is not known.`,
};

function ways({ preparation, border, image_shape: [height, width] }) {
  byId("way").textContent = WAYS[preparation](`${width} x ${height}`);
  byId("photograph").checked = false;
  byId("steps").hidden = preparation === "photograph" || border === null;
  const dark = border !== "light";
  byId("colours").textContent = dark ? "White on black, filled in like a silhouette." : "Black on white, as the training images are.";
  drawing.recolour(dark);
  curl(state.model);
}

const photograph = () => (byId("steps").hidden ? null : byId("photograph").checked);

function curl(model) {
  if (!byId("curl")) return; // no server, no line to ask it with
  const fields = [state.models.length > 1 && `model=${encodeURIComponent(model.slug)}`, photograph() && "photograph=1"].filter(Boolean);
  const query = fields.length ? `?${fields.join("&")}` : "";
  byId("curl").textContent = `curl -F image=@picture.jpg '${location.origin}/predict${query}'`;
}

// Of a hundred classes nobody reads all.
const list = (names) => {
  const left = names.length - 20;
  return [...joined(names.slice(0, 20).map(className), ", "), ...(left > 0 ? [` and ${count(left)} more`] : [])];
};

function trials(entries) {
  byId("tries").hidden = entries.length === 0;
  byId("samples").replaceChildren(...entries.map(({ id, class: truth, image }, place) => {
    const button = element("button", { type: "button" }, picture(image, ""));
    button.setAttribute("aria-label", `Sample ${place + 1} of ${entries.length}`);
    button.addEventListener("click", () => {
      for (const other of byId("samples").querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
      ask({ blob: blobOf(image), truth, name: id });
    });
    return element("li", {}, button);
  }));
}

// Ask about a picture; of several in a row only the last one's answer is shown.
async function ask(asked) {
  if (state.model === null) return;
  const turn = ++state.turn;
  state.asked = asked;
  silence();
  if (!asked.truth) {
    for (const button of byId("samples").querySelectorAll("[aria-pressed=true]")) button.setAttribute("aria-pressed", "false");
  }
  byId("answer").setAttribute("aria-busy", "true");
  say("Looking at it …");
  try {
    const answer = await predict(state.model.slug, asked.blob, asked.truth ? null : photograph());
    if (turn !== state.turn) return;
    show(answer, state.model, asked);
    say(summary(answer), true);
    intoView(byId("answer"));
  } catch (problem) {
    if (turn === state.turn) complain(problem, () => ask(asked));
  } finally {
    if (turn === state.turn) byId("answer").removeAttribute("aria-busy");
  }
}

async function askFile(file, more = 0) {
  const turn = ++state.turn;
  const { blob, note } = await readied(file);
  if (turn !== state.turn) return;
  const first = more ? `Of ${more + 1} pictures the first was taken. ` : "";
  await ask({ blob, note: `${first}${note}`.trim(), name: file.name });
}

function complain(problem, again) {
  if (!(problem instanceof Problem)) throw problem;
  say("", true);
  byId("verdict").replaceChildren(element("p", { className: "empty" }, "No answer."));
  byId("evidence").hidden = true;
  const button = element("button", { type: "button", className: "button small" }, "Try again");
  button.addEventListener("click", again);
  byId("problem").replaceChildren(element("div", { className: "notice warning" },
    element("p", {}, problem.message),
    problem.again ? button : element("p", {}, "Choose another picture.")));
  intoView(byId("answer"));
}

// For screen readers; what stands on the page in other words is not shown twice.
function say(text, hushed = false) {
  byId("status").classList.toggle("hush", hushed);
  byId("status").textContent = text;
}

const silence = () => byId("problem").replaceChildren();

function intoView(part) {
  const box = part.getBoundingClientRect();
  if (box.top >= 0 && box.top < innerHeight * 0.7) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  part.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}

function about(model) {
  const accuracy = model.scores?.test?.accuracy;
  const quantized = model.quantized ? "int8 weights; the model card says what that changed" : null;
  const facts = [
    ["Name", [modelName(model.name)]],
    ["Study", model.title],
    ["Its answer", model.answer],
    [model.rule ? "Committee" : null, [`${model.rule} of `, ...joined(model.members.map(modelName), ", ")]],
    ["Accuracy", accuracy && accuracyWords(accuracy)],
    ["Classes", count(model.classes.length)],
    ["Takes", `${model.image_shape[1]} x ${model.image_shape[0]} pixels, ${model.image_shape.length === 3 ? "colour" : "grey"}; other pictures are prepared first`],
    ["Parameters", model.parameters && count(model.parameters)],
    ["Weights", quantized],
    ["Training data", model.licence && `licence ${model.licence}`],
  ];
  byId("facts").replaceChildren(...facts.filter(([name, value]) => name && value).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, ...[value].flat()))));
  byId("about").hidden = false;
}

function accuracyWords({ value, interval, rows }) {
  const sure = interval ? ` (${range(interval)})` : "";
  const what = interval ? ", 95% interval" : "";
  return `${percent(value)}${sure} right on test${rows ? `, ${count(rows)} images` : ""}${what}`;
}

function wireFiles() {
  for (const id of ["file", "camera"]) {
    const input = byId(id);
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (!file) return;
      askFile(file).then(() => { input.value = ""; }); // so that the same file can be chosen again
    });
  }
  addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (files.length) askFile(files[0], files.length - 1);
  });
  let depth = 0;
  const over = (change) => { depth = Math.max(0, depth + change); byId("drop").classList.toggle("over", depth > 0); };
  addEventListener("dragenter", (event) => { event.preventDefault(); over(1); });
  addEventListener("dragleave", () => over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    const files = event.dataTransfer?.files ?? [];
    if (files.length) askFile(files[0], files.length - 1);
    else complain(new Problem("What was dropped is no file. Save the picture first, then drop it here.", false));
  });
}

function wireDrawing() {
  const canvas = byId("canvas");
  drawing = new Drawing(canvas, () => {
    for (const id of ["undo", "clear", "ask-drawing"]) byId(id).disabled = drawing.empty;
    canvas.setAttribute("aria-label", `Drawing area, ${drawing.empty ? "empty" : `${drawing.strokes.length} strokes`}`);
  });
  byId("undo").addEventListener("click", () => drawing.undo());
  byId("clear").addEventListener("click", () => drawing.clear());
  byId("ask-drawing").addEventListener("click", async () => ask({ blob: await drawing.blob(), name: "drawing" }));
}

byId("model").addEventListener("change", async (event) => {
  await choose(state.models.find(({ slug }) => slug === event.target.value));
  if (state.asked) await ask(state.asked);
});
byId("photograph").addEventListener("change", async () => {
  curl(state.model);
  if (state.asked) await ask(state.asked);
});
if (navigator.clipboard && byId("copy")) {
  byId("copy").hidden = false;
  byId("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId("curl").textContent);
    byId("copied").textContent = "Copied.";
  });
}
wireFiles();
wireDrawing();
start();
