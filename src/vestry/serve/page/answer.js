// An answer on the page: verdict, strip, votes, neighbours.

import { bar, byId, className, confidence, count, element, joined, modelName, percent, picture } from "./dom.js";

const SHOWN = 3; // rows of a member, before a reader asks for more

export function show(answer, model, asked) {
  byId("verdict").replaceChildren(...verdict(answer, model, asked));
  strip(answer);
  votes(answer, model);
  neighbours(answer);
  byId("evidence").hidden = false;
}

export function summary(answer) {
  const found = `${answer.class}, ${confidence(answer.confidence)}`;
  const doubt = answer.sure === false ? `Not sure. Most probable: ${found}.` : `${found}.`;
  const first = answer.unlike ? `Unlike the training images. ${doubt}` : doubt;
  return answer.votes ? `${first} ${agreement(answer)}` : first;
}

const agreement = ({ agreeing, votes }) => `${agreeing} of ${votes.length} members agree.`;

function verdict(answer, model, asked) {
  const unsure = answer.sure === false;
  return [
    answer.unlike && element("p", { className: "unsure" }, "Unlike the training images"),
    unsure && element("p", { className: "unsure" }, "Not sure"),
    element(
      "p",
      { className: unsure || answer.unlike ? "named doubtful" : "named" },
      element("strong", {}, answer.class),
      " ",
      element("span", { className: "how" }, confidence(answer.confidence)),
    ),
    unsure &&
      element("p", {}, className(answer.class), ` is only the most probable class: ${confidence(answer.confidence)} is under the threshold of ${percent(answer.threshold)}.`),
    answer.unlike && element("p", {}, strangeness(answer)),
    truth(answer, asked),
    element("ol", { className: "bars", "aria-label": "Most probable classes" },
      ...answer.top.map((entry, place) => bar(entry.class, entry.probability, place === 0))),
    answer.set && element("p", { className: "agree" }, ...choices(answer)),
    answer.votes && element("p", { className: "agree" }, agreement(answer)),
    ...answer.warnings.map((text) => element("p", { className: "notice warning" }, text)),
    asked.note && element("p", { className: "notice" }, asked.note),
    meaning(answer, model),
  ].filter(Boolean);
}

// Why an image counts as none of what the model knows.
const strangeness = ({ likeness, novelty }) =>
  `Its likeness to the nearest of ${novelty.known} training images is ${likeness.toFixed(2)}, under the ${novelty.threshold.toFixed(2)} that all but ${percent(novelty.share_asked, 0)} of the study's own images reach. It may be none of the classes, whatever the confidence says.`;

function choices({ set, sets }) {
  const named = joined(set.map(className), ", ");
  const words = set.length === 1 ? [...named, " alone"] : ["one of ", ...named];
  return [`For ${percent(sets.coverage_asked, 0)} of images like those of the study the right class is in the set of the answer: `, ...words, "."];
}

function truth(answer, { truth: label }) {
  if (!label) return null;
  const right = label === answer.class;
  return element("p", { className: right ? "truth right" : "truth wrong" },
    element("span", { className: "mark", "aria-hidden": "true" }, right ? "✓" : "✗"),
    `${right ? "Right" : "Wrong"}: this sample is labelled `, className(label), ".");
}

// What the threshold means, as far as the bundle says how it was chosen.
export function meaning(answer, model) {
  const asked = answer.abstention?.accuracy_asked, at = answer.abstention?.validation;
  if (answer.threshold === null) {
    const words = asked
      ? `The model always answers: no threshold could be chosen that keeps ${percent(asked, 0)} of its answers right.`
      : "No threshold was chosen, so the model never says that it is not sure.";
    return element("p", { className: "remark" }, words);
  }
  const first = `From a confidence of ${percent(answer.threshold)} on the answer counts as sure.`;
  if (!at?.accuracy) return element("p", { className: "remark" }, first);
  const interval = at.interval ? ` (95% interval ${range(at.interval)})` : "";
  return element("p", { className: "remark" },
    `${first} Of the validation images, ${percent(at.coverage, 0)} are answered so, and ${percent(at.accuracy)} of these answers are right${interval}. ${best(model)}`);
}

const best = ({ preparation }) =>
  preparation === "photograph"
    ? "A photograph is unlike those images, so take the figure as a best case."
    : "Of pictures unlike those images it may be fewer.";

export const range = ([low, high]) => `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;

function strip({ strip: steps }) {
  const last = steps.length - 1;
  byId("strip").replaceChildren(...steps.map(({ step, words, image }, place) =>
    element("li", { className: place === last ? "last" : "" },
      element("figure", {},
        element("span", { className: "frame" }, picture(image, `The picture: ${step.toLowerCase()}`)),
        element("figcaption", {}, element("b", {}, step), " ", words)))));
}

function votes({ votes: all, class: chosen, label }, model) {
  byId("voting").hidden = !all;
  if (!all) return;
  const agreeing = all.filter((vote) => vote.class === chosen).length;
  const who = agreeing === all.length ? `All ${count(all.length)} members say ` : `${agreeing} of ${all.length} members say `;
  byId("agreement").replaceChildren(who, className(chosen), ".");
  byId("votes").replaceChildren(...all.map((vote, place) => ballot(vote, place, label, model)));
}

function ballot(vote, place, label, model) {
  const other = vote.class !== model.classes[label];
  const order = vote.probabilities.map((share, row) => [share, row]).sort((a, b) => b[0] - a[0]);
  const rows = (some) => some.map(([share, row]) => bar(model.classes[row], share, row === label));
  const bars = element("ul", { className: "bars", id: `bars-${place}` }, ...rows(short(order, label)));
  return element("section", { className: "ballot", "aria-label": vote.member },
    element("h3", {}, modelName(vote.member)),
    element("p", { className: other ? "says other" : "says" },
      element("strong", {}, className(vote.class)), ` ${confidence(vote.confidence)}`, other ? ", unlike the answer" : ""),
    bars,
    order.length > SHOWN ? more(bars, order.length - SHOWN, vote.member, () => rows(order), () => rows(short(order, label))) : null);
}

// The first rows; the answer's is among them, so that members can be held against each other.
function short(order, label) {
  const first = order.slice(0, SHOWN);
  return first.some(([, row]) => row === label) ? first : [...first.slice(0, -1), order.find(([, row]) => row === label)];
}

function more(bars, hidden, member, whole, part) {
  const button = element("button", { type: "button", className: "more", "aria-controls": bars.id, "aria-expanded": "false" });
  const say = (open) => {
    const words = open ? "Fewer" : `${count(hidden)} more`;
    button.textContent = words;
    button.setAttribute("aria-label", `${words} classes of ${member}`);
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "false";
    bars.replaceChildren(...(open ? whole() : part()));
    say(open);
  });
  say(false);
  return button;
}

function neighbours({ nearest, class: chosen }) {
  byId("likeness").hidden = nearest.length === 0;
  byId("near-title").replaceChildren("Training images of ", className(chosen), " most like it");
  byId("near-words").textContent =
    "The nearest of those that come with the model, by the correlation of their pixels with what the model saw: 1 is the same picture.";
  byId("near").replaceChildren(...nearest.map(({ id, class: name, similarity, image }) =>
    element("li", {}, picture(image, `${name}, ${id}`),
      element("span", { className: "label" }, similarity.toFixed(2)),
      element("span", { className: "remark" }, id))));
}
