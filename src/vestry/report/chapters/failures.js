"use strict";
// Where models fail: the heat map, the matrices and the lists choose what the one gallery shows.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const by = (id) => document.getElementById(id);
  const data = JSON.parse(by("gallery-data").textContent);
  // Ids are anybody's: one called like something that every object has must not be found.
  for (const key of ["doubts", "near", "maps"]) if (data[key]) Object.setPrototypeOf(data[key], null);
  const tables = JSON.parse(by("tables").textContent);
  const { classes, images, models } = data;
  const modelOf = (anchor) => models.find((one) => one.anchor === anchor);
  const ofSeries = (series) => models.find((one) => one.series === series);
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const counts = (model) => tables[`confusion-${model.slug}`].rows.map((row) => row.slice(1));
  const make = (tag, style, ...content) => {
    const made = document.createElement(tag);
    if (style) made.className = style;
    made.append(...content.filter((part) => part !== null));
    return made;
  };
  all(".no-js").forEach((one) => one.remove());

{% include "failures_gallery.js" %}

{% include "failures_image.js" %}

{% include "failures_matrix.js" %}

{% include "failures_map.js" %}

  document.addEventListener("vestry:model", ({ detail }) => {
    state.model = modelOf(detail.model);
    showGallery();
    showDifference();
    markMap();
  });
  showGallery();
  markMap();
})();
