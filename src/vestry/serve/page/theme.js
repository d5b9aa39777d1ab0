// Light or dark: the system's choice until a reader makes one. Runs before the page is painted.
"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  try {
    const stored = localStorage.getItem("vestry-theme");
    if (stored === "dark" || stored === "light") root.dataset.theme = stored;
  } catch { /* storage may be forbidden */ }
  const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const name = () => { button.textContent = theme() === "dark" ? "Light" : "Dark"; };
    button.setAttribute("aria-label", "Change between light and dark");
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      try { localStorage.setItem("vestry-theme", root.dataset.theme); } catch { /* as above */ }
      name();
    });
    system.addEventListener("change", name);
    name();
  });
})();
