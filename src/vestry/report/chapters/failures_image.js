  // One image: what all models say of it, and what is stored to explain why.
  const dialog = by("image");
  let opened = null;
  const nearOne = ([id, label, distance, place]) => make("span", "", picture(place, id, `training image: ${label}`),
    make("b", "", label), make("small", "", `distance ${distance.toFixed(2)}`), make("code", "", id));
  const mapTile = ([series, place, words]) => make("span", "",
    sheetPicture(place, data.map_columns, `what ${ofSeries(series).name} looks at: ${words}`, "thumb map"),
    make("b", "", ofSeries(series).name), make("small", "", words));
  const vote = (image, model) => {
    const said = answer(image, model);
    const name = make("th", "", model.name);
    name.scope = "row";
    if (said === null) return make("tr", "", name, make("td", "", "not stored"), make("td"), make("td"));
    const isRight = said[0] === images[image][1];
    return make("tr", "", name, make("td", "", classes[said[0]]), make("td", "number", said[1] === null ? "\u2013" : percent(said[1])),
      make("td", isRight ? "" : "is-wrong", isRight ? "right" : "wrong"));
  };
  const heads = (...names) => make("thead", "", make("tr", "", ...names.map((name) => {
    const head = make("th", name === "Confidence" ? "number" : "", name);
    head.scope = "col";
    return head;
  })));
  const fact = (name, value) => make("div", "", make("dt", "", name), make("dd", "", value));
  const facts = (image) => {
    const [id, truth] = images[image];
    const said = answer(image, state.model);
    const doubt = doubtOf(image);
    return make("dl", "facts", fact("Image", make("code", "", id)), fact("True", classes[truth]),
      said === null ? null : fact("Called", classes[said[0]]), fact("By", state.model.name),
      said === null || said[1] === null ? null : fact("Confidence", percent(said[1])),
      doubt ? fact("Label", make("b", "", `doubted: all members together say ${classes[doubt[1]]} (${percent(doubt[2])})`)) : null);
  };
  const fill = (image) => {
    const [id, truth, place] = images[image];
    const said = answer(image, state.model);
    const near = data.near[id] || [], maps = data.maps[id] || [];
    const large = picture(place, id, `the image ${id}`);
    large.classList.add("picture");
    by("image-title").textContent = said === null ? classes[truth] : `${classes[truth]} taken for ${classes[said[0]]}`;
    by("image-body").replaceChildren(make("div", "top", large, facts(image)),
      make("h4", "", "What every model says"),
      make("table", "", heads("Model", "Called", "Confidence", "Verdict"), make("tbody", "", ...models.map((model) => vote(image, model)))),
      ...(near.length ? [make("h4", "", "Training images most like it"), make("div", "row", ...near.map(nearOne)),
        make("p", "remark", "Distance of pixels, whatever the brightness and contrast: 0 for the same picture, 1.41 for nothing in common.")] : []),
      ...(maps.length ? [make("h4", "", "What their answers rest on"), make("div", "row", ...maps.map(mapTile)),
        make("p", "remark", "Orange: the answer loses probability when this place is covered; blue: it gains.")] : []));
    const shown = found();
    all("[data-step]", dialog).forEach((button) => {
      button.disabled = shown[shown.indexOf(image) + Number(button.dataset.step)] === undefined;
    });
    opened = image;
  };
  const openImage = (image) => {
    fill(image);
    dialog.showModal();
  };
  dialog.addEventListener("click", ({ target }) => {
    const step = target.closest("[data-step]");
    const shown = found();
    if (step) fill(shown[shown.indexOf(opened) + Number(step.dataset.step)]);
    if (target === dialog || target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: "-1", ArrowRight: "1" }[event.key];
    const button = step && dialog.querySelector(`[data-step="${step}"]`);
    if (button && !button.disabled) button.click();
  });
