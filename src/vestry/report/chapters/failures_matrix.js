  // The matrices: cells with mistakes become buttons that choose what the gallery shows.
  const cellOf = (td) => td.dataset.of.split(" ").map(Number);
  const cellWords = (model, truth, said) => {
    const row = counts(model)[truth];
    const share = percent(row[said] / (row.reduce((sum, count) => sum + count, 0) || 1));
    return truth === said ? `${classes[truth]} right: ${row[said]}, ${share}`
      : `${classes[truth]} taken for ${classes[said]}: ${row[said]}, ${share} of ${classes[truth]}`;
  };
  let cameFrom = null;
  by("gallery-back").addEventListener("click", () => {
    by("gallery-back").hidden = true;
    cameFrom.focus();
    cameFrom.scrollIntoView({ block: "center" });
  });
  const equip = (panel) => {
    const area = panel.querySelector(".confusion");
    if (!area) return;
    const model = modelOf(panel.dataset.ofModel);
    const readout = area.querySelector(".readout");
    all("td.wrong", area).forEach((td, place) => {
      const [truth, said] = cellOf(td);
      const button = make("button", "", td.textContent);
      button.type = "button";
      button.tabIndex = place ? -1 : 0;
      button.dataset.cell = `${truth} ${said}`;
      button.setAttribute("aria-label", cellWords(model, truth, said));
      td.replaceChildren(button);
    });
    const buttons = all("[data-cell]", area);
    area.addEventListener("click", ({ target }) => {
      const cell = target.closest("[data-cell]");
      if (!cell) return;
      choose(...cell.dataset.cell.split(" ").map(Number));
      markMap();
      cameFrom = cell;
      by("gallery-back").hidden = false;
      by("gallery").scrollIntoView({ block: "nearest" });
      by("live").textContent = by("gallery-title").textContent;
    });
    area.addEventListener("focusin", ({ target }) => {
      if (!target.dataset.cell) return;
      buttons.forEach((other) => { other.tabIndex = other === target ? 0 : -1; });
      if (readout) readout.textContent = cellWords(model, ...target.dataset.cell.split(" ").map(Number));
    });
    area.addEventListener("mouseover", ({ target }) => {
      const td = target.closest(".matrix [data-of]");
      if (td && readout) readout.textContent = cellWords(model, ...cellOf(td));
    });
    area.addEventListener("keydown", (event) => {
      const to = event.target.dataset.cell && neighbour(event.target, event.key);
      if (!to) return;
      event.preventDefault();
      to.focus();
    });
  };
  // The next cell with a button in the direction of an arrow key.
  const neighbour = (cell, key) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[key];
    if (!step) return null;
    const { rows } = cell.closest("tbody");
    let row = cell.closest("tr").sectionRowIndex;
    let column = cell.closest("td").cellIndex;
    for (;;) {
      row += step[0];
      column += step[1];
      const td = rows[row]?.cells[column];
      if (!td) return null;
      const to = td.querySelector("[data-cell]");
      if (to) return to;
    }
  };
  // A matrix gets its buttons when it is first seen: twelve models have thousands.
  const equipped = new Set();
  const markCells = () => {
    const panel = by(`confusion-${state.model.anchor}`);
    if (panel && !equipped.has(panel)) {
      equipped.add(panel);
      equip(panel);
    }
    const chosen = `${state.truth} ${state.said}`;
    all("[data-cell]", panel || document).forEach((cell) => {
      cell.setAttribute("aria-pressed", String(cell.dataset.cell === chosen));
    });
  };

  // Two models side by side: their matrices, the one less the other.
  const other = by("other-model");
  const holder = by("table-confusion-difference");
  const LARGEST = 20, IN_MATRIX = 30;
  const signed = (count) => `${count > 0 ? "+" : count < 0 ? "\u2212" : ""}${Math.abs(count)}`;
  const strength = (count, most) => `s${most ? Math.round(9 * Math.sqrt(Math.abs(count) / most)) : 0}`;
  // More on the diagonal is better, more elsewhere is worse.
  const kind = (count, truth, said) => (count === 0 ? "zero" : (count > 0) === (truth === said) ? "right" : "wrong");
  const scoped = (name, scope, style = "") => {
    const head = make("th", style, scope === "col" && style !== "number" ? make("span", "", name) : name);
    head.scope = scope;
    head.title = name;
    return head;
  };
  const differenceMatrix = (rows, most) => {
    const table = make("table", "matrix",
      make("thead", "", make("tr", "", make("td"), ...classes.map((name) => scoped(name, "col")))),
      make("tbody", "", ...rows.map((row, truth) => make("tr", "", scoped(classes[truth], "row"),
        ...row.map((count, said) => make("td", `${kind(count, truth, said)} ${strength(count, most)}`, signed(count)))))));
    return table;
  };
  const differenceList = (rows, most) => {
    const cells = rows.flatMap((row, truth) => row.map((count, said) => [count, truth, said]))
      .filter(([count]) => count).sort((one, two) => Math.abs(two[0]) - Math.abs(one[0]));
    return make("table", "plain",
      make("thead", "", make("tr", "", scoped("True", "col"), scoped("Called", "col"), scoped("Difference", "col", "number"))),
      make("tbody", "", ...cells.slice(0, LARGEST).map(([count, truth, said]) => make("tr", "", scoped(classes[truth], "row"),
        make("td", "", classes[said]), make("td", `number ${kind(count, truth, said)} ${strength(count, most)}`, signed(count))))));
  };
  function showDifference() {
    if (!other) return;
    const against = modelOf(other.value);
    holder.hidden = !against || against === state.model;
    if (holder.hidden) return;
    const [ours, theirs] = [counts(state.model), counts(against)];
    const rows = ours.map((row, truth) => row.map((count, said) => count - theirs[truth][said]));
    const most = Math.max(...rows.flat().map(Math.abs));
    const caption = `Confusion of ${state.model.name} less that of ${against.name}, test images (rows: truth)`;
    const remark = `Blue: ${state.model.name} does better, orange: worse. `
      + (classes.length > IN_MATRIX ? `The ${LARGEST} largest differences; the copy holds all.` : "Numbers are images.");
    const area = make("div", "scroll", (classes.length > IN_MATRIX ? differenceList : differenceMatrix)(rows, most));
    area.tabIndex = 0;
    area.setAttribute("role", "region");
    area.setAttribute("aria-label", caption);
    by("difference").replaceChildren(make("h4", "", caption), make("p", "remark", remark), area);
    const columns = [["true_class", "True", false], ...classes.map((name) => [name, name, true])];
    const table = { caption, columns, rows: rows.map((row, truth) => [classes[truth], ...row]) };
    document.dispatchEvent(new CustomEvent("vestry:table", { detail: { key: holder.dataset.table, table } }));
  }
  other?.addEventListener("change", showDifference);
