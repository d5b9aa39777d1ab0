"use strict";
// A term says what it means where it stands: its first mention in a chapter and in each fold is a link,
// which shows its entry of the glossary. Without this script the list is there to be read.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const keys = new Map(all("#glossary [data-phrases]").flatMap((entry) => entry.dataset.phrases.split("|")
    .filter(Boolean).map((phrase) => [phrase, entry.id])));
  if (!keys.size || !HTMLElement.prototype.showPopover) return;
  const longest = [...keys.keys()].sort((one, other) => other.length - one.length)
    .map((phrase) => phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${longest.join("|")})(?![\\p{L}\\p{N}])`, "gu");
  // Names, heads, cells, drawings, what can be pressed and what scripts write anew hold no links.
  const closed = "a, b, button, code, dialog, h1, h2, h3, h4, i, label, option, output, pre, script, select, "
    + "style, summary, svg, td, th, caption, [role=status], [aria-live], #summary-text, .recommended, .glossary";
  const link = (root, besides) => {
    const seen = new Set();
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(closed + besides)) nodes.push(walker.currentNode);
    nodes.forEach((node) => [...node.data.matchAll(pattern)].filter(([phrase]) => {
      const key = keys.get(phrase);
      return !seen.has(key) && seen.add(key);
    }).reverse().forEach(({ 0: phrase, index }) => {
      const mention = node.splitText(index);
      mention.splitText(phrase.length);
      const made = Object.assign(document.createElement("a"), { className: "term", href: `#${keys.get(phrase)}` });
      mention.replaceWith(made);
      made.textContent = phrase;
    }));
  };
  all("#answer, .chapter").forEach((part) => link(part, ", .fold"));
  all(".fold").forEach((fold) => {
    const once = () => { if (fold.open) { link(fold, ""); fold.removeEventListener("toggle", once); } };
    fold.addEventListener("toggle", once);
    once();
  });

  const shown = Object.assign(document.createElement("div"), { id: "term-meaning", popover: "auto", tabIndex: -1 });
  shown.setAttribute("role", "note");
  document.body.append(shown);
  const show = (from) => {
    const entry = document.getElementById(from.hash.slice(1));
    const [name, text, more] = ["b", "p", "a"].map((kind) => document.createElement(kind));
    name.textContent = entry.querySelector("dt").textContent;
    text.textContent = entry.querySelector("dd").textContent;
    more.textContent = "All words";
    more.href = "#glossary";
    more.addEventListener("click", () => shown.hidePopover());
    shown.replaceChildren(name, text, more);
    shown.showPopover();
    const [at, own] = [from, shown].map((each) => each.getBoundingClientRect());
    const room = document.documentElement.clientWidth - own.width - 8;
    const below = at.bottom + 6 + own.height < innerHeight;
    shown.style.setProperty("left", `${Math.max(8, Math.min(at.left, room))}px`);
    shown.style.setProperty("top", `${Math.max(8, below ? at.bottom + 6 : at.top - own.height - 6)}px`);
    shown.focus();
  };
  document.addEventListener("click", (event) => {
    const from = event.target.closest("a.term");
    if (!from || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(from);
  });
})();
