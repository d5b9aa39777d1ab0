// An answer on the page: verdict, strip, votes, neighbours.

import { bar, byId, confidence, count, element, percent, picture } from "./dom.js";

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
      element("p", {}, `${answer.class} is only the most probable class: ${confidence(answer.confidence)} is under the threshold of ${percent(answer.threshold)}.`),
    answer.unlike && element("p", {}, strangeness(answer)),
    truth(answer, asked),
    element("ol", { className: "bars", "aria-label": "Most probable classes" },
      ...answer.top.map((entry, place) => bar(entry.class, entry.probability, place === 0))),
    answer.set && element("p", { className: "agree" }, choices(answer)),
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
  const words = set.length === 1 ? `${set[0]} alone` : `one of ${set.join(", ")}`;
  return `For ${percent(sets.coverage_asked, 0)} of images like those of the study the right class is in the set of the answer: ${words}.`;
}

function truth(answer, { truth: label }) {
  if (!label) return null;
  const right = label === answer.class;
  const words = right ? `Right: this sample is labelled ${label}.` : `Wrong: this sample is labelled ${label}.`;
  return element("p", { className: right ? "truth right" : "truth wrong" },
    element("span", { className: "mark", "aria-hidden": "true" }, right ? "✓" : "✗"), words);
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
  byId("agreement").textContent = agreeing === all.length
    ? `All ${count(all.length)} members say ${chosen}.`
    : `${agreeing} of ${all.length} members say ${chosen}.`;
  byId("votes").replaceChildren(...all.map((vote) => {
    const other = vote.class !== chosen;
    const order = vote.probabilities.map((share, place) => [share, place]).sort((a, b) => b[0] - a[0]);
    return element("section", { className: "ballot", "aria-label": vote.member },
      element("h3", {}, vote.member),
      element("p", { className: other ? "says other" : "says" },
        element("strong", {}, vote.class), ` ${confidence(vote.confidence)}`, other ? ", unlike the answer" : ""),
      element("ul", { className: "bars" },
        ...order.slice(0, 10).map(([share, place]) => bar(model.classes[place], share, place === label))));
  }));
}

function neighbours({ nearest, class: chosen }) {
  byId("likeness").hidden = nearest.length === 0;
  byId("near-title").textContent = `Training images of “${chosen}” most like it`;
  byId("near-words").textContent =
    "The nearest of those that come with the model, by the correlation of their pixels with what the model saw: 1 is the same picture.";
  byId("near").replaceChildren(...nearest.map(({ id, class: name, similarity, image }) =>
    element("li", {}, picture(image, `${name}, ${id}`),
      element("span", { className: "label" }, similarity.toFixed(2)),
      element("span", { className: "remark" }, id))));
}
