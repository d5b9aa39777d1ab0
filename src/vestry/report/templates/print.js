"use strict";
// Paper gets the answer and what is open; everything where a reader asks for it.
(() => {
  const root = document.documentElement;
  const everything = () => {
    const folds = [...document.querySelectorAll("details:not([open]):not(.menu)")];
    folds.forEach((fold) => { fold.open = true; });
    root.classList.add("print-all");
    addEventListener("afterprint", () => {
      root.classList.remove("print-all");
      folds.forEach((fold) => { fold.open = false; });
    }, { once: true });
    print();
  };
  document.querySelector("[data-print=answer]").addEventListener("click", () => print());
  document.querySelector("[data-print=all]").addEventListener("click", everything);
})();
