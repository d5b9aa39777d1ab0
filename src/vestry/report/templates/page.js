"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Light and dark: the system's choice until a reader makes one.
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const theme = () =>
    document.documentElement.dataset.theme || (system.matches ? "dark" : "light");
  const name = () => { button.textContent = theme() === "dark" ? "Light" : "Dark"; };
  button.hidden = false;
  button.setAttribute("aria-label", "Change between light and dark");
  button.addEventListener("click", () => {
    const next = theme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("vestry-theme", next); } catch { /* storage may be forbidden */ }
    name();
  });
  system.addEventListener("change", name);
  name();

  // Stacked details become tabs; without this script they stay what they are.
  all("[data-tabs]").forEach((group) => {
    const panels = all(":scope > details", group);
    if (panels.length < 2) {
      panels.forEach((panel) => { panel.open = true; panel.classList.add("tabbed"); });
      return;
    }
    const list = document.createElement("div");
    list.className = "tabs";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", group.dataset.tabs);
    const tabs = panels.map((panel) => {
      const tab = document.createElement("button");
      const body = panel.querySelector(".body");
      tab.type = "button";
      tab.textContent = panel.dataset.name;
      tab.id = `tab-${panel.id}`;
      tab.setAttribute("role", "tab");
      body.id = `body-${panel.id}`;
      body.setAttribute("role", "tabpanel");
      body.setAttribute("aria-labelledby", tab.id);
      tab.setAttribute("aria-controls", body.id);
      panel.open = true;
      panel.classList.add("tabbed");
      list.append(tab);
      return tab;
    });
    const choose = (index) => tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
      panels[i].hidden = i !== index;
    });
    tabs.forEach((tab, i) => {
      tab.addEventListener("click", () => choose(i));
      tab.addEventListener("keydown", (event) => {
        const last = tabs.length - 1;
        const to = { ArrowRight: i === last ? 0 : i + 1, ArrowLeft: i ? i - 1 : last,
          Home: 0, End: last }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose(to);
        tabs[to].focus();
      });
    });
    group.prepend(list);
    choose(0);
  });

  // Confusion cells: what they say on hover and focus, their images on a click, tap or Enter.
  const cells = JSON.parse(document.getElementById("cells").textContent);
  const columns = Number(getComputedStyle(document.documentElement).getPropertyValue("--columns"));
  const thumb = (place, words) => {
    const image = document.createElement("span");
    image.className = "thumb";
    image.setAttribute("role", "img");
    image.setAttribute("aria-label", words);
    image.style.setProperty("--x", place % columns);
    image.style.setProperty("--y", Math.floor(place / columns));
    return image;
  };
  const show = (area, cell) => {
    const { truth, said, count, cell: number } = cell.dataset;
    const places = cells[area.dataset.model][number] || [];
    const words = `${truth} taken for ${said}`;
    const panel = area.querySelector(".shown");
    panel.querySelector("h3").textContent = words;
    panel.querySelector(".remark").textContent = places.length < Number(count)
      ? `Showing ${places.length} of ${count}.`
      : `${count} ${count === "1" ? "image" : "images"}.`;
    panel.querySelector(".thumbs").replaceChildren(...places.map((place) => thumb(place, words)));
    all("[aria-pressed=true]", area).forEach((old) => old.setAttribute("aria-pressed", "false"));
    cell.setAttribute("aria-pressed", "true");
    panel.scrollIntoView({ block: "nearest" });
  };
  all(".confusion").forEach((area) => {
    const buttons = all("[data-cell]", area);
    const readout = area.querySelector(".readout");
    const say = (cell) => {
      if (!readout) return;
      const td = cell.closest("td");
      const row = td.closest("tr").querySelector("th").textContent;
      const data = td.firstElementChild.dataset;
      readout.textContent = data.cell
        ? `${data.truth} taken for ${data.said}: ${data.count} images, ${td.dataset.share} of ${row}`
        : td.classList.contains("right")
          ? `${row} right: ${td.textContent.trim()} images, ${td.dataset.share}` : "\u00a0";
    };
    buttons.forEach((cell, i) => {
      cell.tabIndex = i ? -1 : 0;
      cell.addEventListener("click", () => show(area, cell));
      cell.addEventListener("focus", () => {
        buttons.forEach((other) => { other.tabIndex = other === cell ? 0 : -1; });
        say(cell);
      });
      cell.addEventListener("keydown", (event) => {
        const to = neighbour(cell, event.key);
        if (!to) return;
        event.preventDefault();
        to.focus();
      });
    });
    area.addEventListener("mouseover", (event) => {
      const td = event.target.closest("td[data-share]");
      if (td) say(td.firstElementChild);
    });
  });

  // The next cell with a button in the direction of an arrow key.
  function neighbour(cell, key) {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[key];
    if (!step) return null;
    const rows = [...cell.closest("tbody").rows];
    let row = rows.indexOf(cell.closest("tr"));
    let column = cell.closest("td").cellIndex;
    for (;;) {
      row += step[0];
      column += step[1];
      const td = rows[row] && rows[row].cells[column];
      if (!td) return null;
      const found = td.querySelector("[data-cell]");
      if (found) return found;
    }
  }

  // The contents list follows the reader.
  const links = new Map(all(".bar a").map((a) => [a.hash.slice(1), a]));
  const watch = new IntersectionObserver((seen) => seen.forEach((entry) => {
    if (!entry.isIntersecting) return;
    links.forEach((a, id) => {
      if (id === entry.target.id) a.setAttribute("aria-current", "true");
      else a.removeAttribute("aria-current");
    });
  }), { rootMargin: "-15% 0px -75% 0px" });
  links.forEach((_, id) => watch.observe(document.getElementById(id)));

  // An address opens what it is folded in; find-in-page does so by itself.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
