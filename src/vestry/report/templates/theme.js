"use strict";
(() => {
  let stored = null;
  try { stored = localStorage.getItem("vestry-theme"); } catch { /* storage may be forbidden */ }
  if (stored === "dark" || stored === "light") document.documentElement.dataset.theme = stored;
  document.documentElement.classList.add("js");
})();
