"use strict";
// A click on a class, in the map or below it, shows its images before all others; a second, all.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const buttons = all(".choices [data-class]");
  const drawings = all(".class-map svg");
  let chosen = null;
  const choose = (label) => {
    chosen = label === chosen ? null : label;
    buttons.forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.class === chosen));
    });
    drawings.forEach((svg) => {
      svg.classList.toggle("picking", chosen !== null);
      all(".dots, .name-of", svg).forEach((mark) => {
        mark.classList.toggle("picked", mark.classList.contains(`k${chosen}`));
      });
    });
  };
  buttons.forEach((button) => button.addEventListener("click", () => choose(button.dataset.class)));
  drawings.forEach((svg) => svg.addEventListener("click", (event) => {
    const mark = event.target.closest(".dots, .name-of");
    const name = mark && [...mark.classList].find((each) => /^k\d+$/.test(each));
    if (name) choose(name.slice(1));
  }));
})();
