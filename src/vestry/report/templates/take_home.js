"use strict";
// What a reader takes home: figures as SVG, PNG and CSV, tables as TSV, Markdown, LaTeX and CSV.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tables = JSON.parse(document.getElementById("tables").textContent);
  // A table that a reader's choice makes, such as the difference of two matrices.
  document.addEventListener("vestry:table", ({ detail }) => { tables[detail.key] = detail.table; });
  const live = document.getElementById("live");
  const title = document.getElementById("title").textContent.trim();
  const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "vestry";

  // Files leave the page as blobs; nothing is asked of any server.
  const save = (name, content, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.download = `${slug(title)}-${name}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`Saved ${link.download}`);
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // a page opened from a file may not be allowed to
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say("Copied");
  };
  let quiet;
  const say = (text) => {
    live.textContent = text;
    live.classList.add("shown");
    clearTimeout(quiet);
    quiet = setTimeout(() => live.classList.remove("shown"), 2_000);
  };

  // Tables: numbers as they were measured, without thin spaces or typographic minus; the same four
  // forms as `report/table.py` writes, sign for sign.
  const plain = (value) => (value === null ? "" : typeof value === "boolean" ? (value ? "True" : "False") : String(value));
  const isFraction = (value) => typeof value === "number" && !Number.isInteger(value);
  const short = (value) => (typeof value !== "number" || Math.abs(value) >= 1e21 ? plain(value)
    : value.toFixed(Math.abs(value) < 100 ? 4 : 1));
  const rounded = (table) => {
    const fractions = table.columns.map((_, place) => table.rows.some((row) => isFraction(row[place])));
    return table.rows.map((row) => row.map((value, place) => (fractions[place] ? short(value) : plain(value))));
  };
  // A spreadsheet would compute what begins as a formula does; an apostrophe makes it text.
  const formula = new RegExp({{ formula }});
  const guarded = (value) => (typeof value === "string" && formula.test(value) ? `'${value}` : plain(value));
  const separated = (table, sign) => {
    const quoted = (cell, _, row) => (cell.includes(sign) || /["\r\n]/.test(cell) || (row.length === 1 && !cell)
      ? `"${cell.replaceAll('"', '""')}"` : cell);
    return [table.columns.map(([key]) => guarded(key)), ...table.rows.map((row) => row.map(guarded))]
      .map((row) => `${row.map(quoted).join(sign)}\r\n`).join("");
  };
  const marked = (cell) => cell.replace(/[\x00-\x1f\x7f\u2028\u2029]/g, " ").replace(/[\\`*_{}[\]<>|&~$^#]/g, "\\$&");
  const signs = {{ latex_signs }};
  const ligatures = {{ latex_ligatures }};
  const latex = (text) => [...text].map((sign, place, whole) => (signs[sign] ?? sign)
    + (ligatures.includes(sign + whole[place + 1]) ? "{}" : "")).join("");
  const forms = {
    csv: (table) => separated(table, ","),
    tsv: (table) => separated(table, "\t"),
    md: (table) => [table.columns.map(([, name]) => marked(name)),
      table.columns.map(([, , isNumber]) => (isNumber ? "---:" : "---")),
      ...rounded(table).map((row) => row.map(marked))]
      .map((row) => `| ${row.join(" | ")} |\n`).join(""),
    tex: (table, key) => {
      const lines = [table.columns.map(([, name]) => name), ...rounded(table)]
        .map((row) => `${row.map(latex).join(" & ")} \\\\`);
      const align = table.columns.map(([, , isNumber]) => (isNumber ? "r" : "l")).join("");
      return ["\\begin{table}", "\\centering", `\\caption{${latex(table.caption)}}`, `\\label{tab:${key}}`,
        `\\begin{tabular}{${align}}`, "\\hline", lines[0], "\\hline", ...lines.slice(1), "\\hline",
        "\\end{tabular}", "\\end{table}", ""].join("\n");
    },
  };

  // Figures: the drawing that is seen, with its colours written into it.
  const properties = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
    "stroke-linecap", "stroke-linejoin", "font-family", "font-size", "font-weight", "opacity", "image-rendering"];
  const standalone = (svg) => {
    const copied = svg.cloneNode(true);
    const from = [svg, ...all("*", svg)];
    [copied, ...all("*", copied)].forEach((mark, place) => {
      const style = getComputedStyle(from[place]);
      properties.forEach((name) => mark.setAttribute(name, style.getPropertyValue(name)));
      mark.removeAttribute("class");
    });
    copied.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    paper.setAttribute("width", "100%");
    paper.setAttribute("height", "100%");
    paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
    copied.prepend(paper);
    return new XMLSerializer().serializeToString(copied);
  };
  const drawing = (figure) => all(".drawings > svg", figure).find((svg) => svg.getClientRects().length)
    || all(".drawings > svg", figure).at(-1);
  const png = async (svg) => {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    const { width, height } = svg.viewBox.baseVal;
    [canvas.width, canvas.height] = [2 * width, 2 * height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, "image/png"); });
  };
  const keyOf = (figure) => figure.id.replace(/^figure-/, "");
  const address = (id) => `${location.href.split("#")[0]}#${id}${document.documentElement.dataset.address || ""}`;
  const saveFigure = {
    svg: (figure) => save(`${keyOf(figure)}.svg`, standalone(drawing(figure)), "image/svg+xml"),
    png: async (figure) => save(`${keyOf(figure)}.png`, await png(drawing(figure))),
    csv: (figure) => save(`${keyOf(figure)}.csv`, forms.csv(tables[figure.dataset.table]), "text/csv"),
    link: (figure) => copy(address(figure.id)),
  };

{% include "zip.js" %}
  const saveAll = () => save("figures.zip", zip(all("figure.figure:has(.drawings)").flatMap((figure) => [
    [`${keyOf(figure)}.svg`, standalone(drawing(figure))],
    [`${keyOf(figure)}.csv`, forms.csv(tables[figure.dataset.table])],
  ])));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { save: form, take, copyTable, copyText, copyFrom, copy: what } = button.dataset;
    if (form) saveFigure[form](button.closest("figure"));
    if (take) {
      const holder = button.closest("[data-table]");
      const key = holder.dataset.table;
      if (take === "link") copy(address(holder.id));
      else if (take === "csv") save(`${key}.csv`, forms.csv(tables[key]), "text/csv");
      else copy(forms[take](tables[key], key));
    }
    if (copyTable) copy(forms.tsv(tables[copyTable]));
    if (copyText) copy(copyText);
    if (copyFrom) copy(document.getElementById(copyFrom).textContent);
    if (what) copy(document.getElementById(`${what}-text`).textContent.trim());
    if ("saveFigures" in button.dataset) saveAll();
    const menu = button.closest("details.menu");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  // A menu closes when a reader goes elsewhere.
  document.addEventListener("pointerdown", (event) => all("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  }));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // Sorting: a click on a head, by the values that were measured.
  all("table.sortable").forEach((table) => {
    const { rows } = tables[table.closest("[data-table]").dataset.table];
    const body = table.tBodies[0];
    all("thead th[data-column]", table).forEach((head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const first = head.dataset.sorts === "up" ? "ascending" : "descending";
        const now = before === null ? first : before === "ascending" ? "descending" : "ascending";
        all("th", table.tHead).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", now);
        const place = Number(head.dataset.column);
        const way = now === "ascending" ? 1 : -1;
        const value = (row) => rows[Number(row.dataset.row)][place];
        const sorted = [...body.rows].sort((one, other) => {
          const [a, b] = [value(one), value(other)];
          if (a === null || b === null) return (a === null) - (b === null);
          return way * (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
        });
        body.append(...sorted);
      });
    });
  });
})();
