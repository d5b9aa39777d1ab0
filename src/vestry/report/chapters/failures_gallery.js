  // The gallery: stored mistakes of the model that is picked, of the classes that are asked for.
  const FIRST = data.first, STEP = 24;
  const state = { model: modelOf(data.chosen), truth: null, said: null, doubted: false, room: FIRST };
  const answer = (image, model) => {
    const said = images[image][3][model.series];
    return said === null ? null : Array.isArray(said) ? said : [said, null];
  };
  const hasPictures = images.some((image) => image[2] !== null);
  const stored = () => state.model.mistakes.filter((image) => {
    const [id, truth] = images[image];
    return (state.truth === null || truth === state.truth)
      && (state.said === null || answer(image, state.model)[0] === state.said)
      && (!state.doubted || id in data.doubts);
  });
  // Where there are pictures, those without one are left to the list.
  const found = () => stored().filter((image) => !hasPictures || images[image][2] !== null);
  // The table of mistakes, of the same: it would be on the page twice.
  const LISTED = Math.floor(data.listed / models.length);
  const rows = models.flatMap((model) => model.mistakes.slice(0, LISTED).map((image) => {
    const [id, truth] = images[image];
    const [label, confidence] = answer(image, model);
    return [id, classes[truth], classes[label], confidence, model.name, id in data.doubts];
  }));
  document.dispatchEvent(new CustomEvent("vestry:table", { detail: { key: "mistakes", table: { ...tables.mistakes, rows } } }));
  // How many mistakes there are, whatever is stored of them.
  const amount = () => counts(state.model).reduce((sum, row, truth) => sum + row.reduce((of, count, said) => (
    truth !== said && (state.truth ?? truth) === truth && (state.said ?? said) === said ? of + count : of), 0), 0);
  const sheetPicture = (place, columns, words, style) => {
    const picture = make("span", style);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", words);
    picture.style.setProperty("--x", place % columns);
    picture.style.setProperty("--y", Math.floor(place / columns));
    return picture;
  };
  const picture = (place, id, words) => {
    if (place !== null && place !== undefined) return sheetPicture(place, data.columns, words, "thumb");
    return hasPictures ? make("span", "thumb gone") : make("code", "", id);
  };
  const doubtOf = (image) => data.doubts[images[image][0]] || null;
  const item = (image) => {
    const [id, truth, place] = images[image];
    const [label, confidence] = answer(image, state.model);
    const doubt = doubtOf(image) ? make("span", "doubt", "label doubted") : null;
    const button = make("button", "", picture(place, id, ""),
      make("span", "said", make("b", "", classes[label]), confidence === null ? "" : ` ${percent(confidence)}`),
      make("span", "truth", `is ${classes[truth]}`), doubt);
    button.type = "button";
    button.dataset.image = image;
    button.title = id;
    all(".thumb", button).forEach((one) => one.setAttribute("aria-hidden", "true"));
    return make("li", "", button);
  };
  const named = () => {
    const { truth, said } = state;
    if (truth !== null && said !== null) return `“${classes[truth]}” taken for “${classes[said]}”`;
    if (truth !== null) return `“${classes[truth]}” taken for another class`;
    return said === null ? "Mistakes" : `Wrongly called “${classes[said]}”`;
  };
  const thousands = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  function showGallery() {
    const shown = found();
    const here = shown.slice(0, state.room);
    const total = state.doubted ? stored().length : amount();
    const kept = total > shown.length ? `; ${thousands(shown.length)} with pictures` : "";
    by("gallery-title").textContent = `${named()}: ${state.model.name}`;
    by("gallery-count").textContent = total
      ? `${here.length} of ${thousands(total)} ${total === 1 ? "mistake" : "mistakes"}${kept}. Choose one.`
      : "No such mistake.";
    by("gallery-list").replaceChildren(...here.map(item));
    by("gallery-more").hidden = shown.length <= here.length;
    by("gallery-more").textContent = `Show ${Math.min(STEP, shown.length - here.length)} more`;
    by("gallery-truth").value = state.truth ?? "";
    by("gallery-said").value = state.said ?? "";
    markCells();
  }
  const choose = (truth, said) => {
    Object.assign(state, { truth, said, room: FIRST });
    showGallery();
  };
  const pick = (model) => {
    if (model !== state.model) document.dispatchEvent(new CustomEvent("vestry:pick", { detail: { model: model.anchor } }));
  };
  const chosenClass = (list) => (list.value === "" ? null : Number(list.value));
  const lists = [by("gallery-truth"), by("gallery-said")];
  lists.forEach((list) => list.addEventListener("change", () => {
    choose(...lists.map(chosenClass));
    markMap();
  }));
  by("gallery-doubted")?.addEventListener("change", ({ target }) => {
    state.doubted = target.checked;
    state.room = FIRST;
    showGallery();
  });
  by("gallery-more").addEventListener("click", () => {
    const first = state.room;
    state.room += STEP;
    showGallery();
    all("#gallery-list button")[first]?.focus();
  });
  by("gallery-list").addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) openImage(Number(button.dataset.image));
  });

  // The page's picker stands in the bar where that is wide, else beside the gallery's lists.
  const picker = by("model")?.closest("label");
  const wide = matchMedia("(min-width: 60rem)");
  const bar = picker?.parentElement;
  const settle = () => (wide.matches ? bar.insertBefore(picker, by("theme")) : by("model-place").append(picker));
  if (picker) {
    wide.addEventListener("change", settle);
    settle();
  }
