"use strict";
// A term says what it means where it stands; without this script its link leads to the list.
(() => {
  if (!HTMLElement.prototype.showPopover) return;
  const shown = document.createElement("div");
  shown.id = "term-meaning";
  shown.popover = "auto";
  shown.tabIndex = -1;
  shown.setAttribute("role", "note");
  document.body.append(shown);
  const show = (link) => {
    const entry = document.getElementById(link.hash.slice(1));
    const [name, text, more] = ["b", "p", "a"].map((kind) => document.createElement(kind));
    name.textContent = entry.querySelector("dt").textContent;
    text.textContent = entry.querySelector("dd").textContent;
    more.textContent = "All words";
    more.href = "#glossary";
    more.addEventListener("click", () => shown.hidePopover());
    shown.replaceChildren(name, text, more);
    shown.showPopover();
    const [at, own] = [link, shown].map((each) => each.getBoundingClientRect());
    const room = document.documentElement.clientWidth - own.width - 8;
    const below = at.bottom + 6 + own.height < innerHeight;
    shown.style.setProperty("left", `${Math.max(8, Math.min(at.left, room))}px`);
    shown.style.setProperty("top", `${Math.max(8, below ? at.bottom + 6 : at.top - own.height - 6)}px`);
    shown.focus();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.term");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
})();
