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
      if (i === index) panels[i].removeAttribute("hidden");
      else panels[i].setAttribute("hidden", "until-found");
    });
    panels.forEach((panel, i) => panel.addEventListener("beforematch", () => choose(i)));
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

  // One model for the whole page: what is of another one is hidden until it is found or asked for.
  // It stands in the address behind the place, `#failures&model=NAME`.
  const parts = () => {
    const [id, ...more] = location.hash.slice(1).split("&");
    const given = Object.fromEntries(more.map((part) => part.split("=")));
    const text = (value) => { try { return decodeURIComponent(value); } catch { return ""; } };
    return { id: text(id), model: given.model === undefined ? null : text(given.model) };
  };
  const picker = document.getElementById("model");
  const usual = picker && [...picker.options].find((one) => one.defaultSelected).value;
  const called = (anchor) => [...picker.options].find((one) => one.value === anchor).textContent;
  const remember = () => {
    const root = document.documentElement;
    root.dataset.address = picker.value === usual ? "" : `&model=${encodeURIComponent(called(picker.value))}`;
    const place = location.hash.split("&")[0] || (root.dataset.address ? "#failures" : "");
    const hash = `${place}${root.dataset.address}`;
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
  };
  const pick = (anchor) => {
    picker.value = anchor;
    all("[data-of-model]").forEach((panel) => {
      if (panel.dataset.ofModel === anchor) panel.removeAttribute("hidden");
      else panel.setAttribute("hidden", "until-found");
    });
    all("[data-models]").forEach((group) => {
      group.querySelector("[data-otherwise]").hidden = all("[data-of-model]", group)
        .some((panel) => panel.dataset.ofModel === anchor);
    });
    // Of figures of all models its line stands out; of lists of models its part stands open.
    const own = `of-${picker.selectedOptions[0].dataset.series}`;
    all(".drawings [class*=' of-']").forEach((mark) => {
      const isOwn = mark.classList.contains(own);
      if (mark.localName === "text") mark.classList.toggle("bold", isOwn);
      else mark.classList.toggle("strong", isOwn && !mark.classList.contains("train"));
    });
    all("[data-follows]").forEach((group) => {
      const parts = all(":scope > .part", group);
      const chosen = parts.find((part) => part.dataset.of === anchor);
      if (chosen) parts.forEach((part) => { part.open = part === chosen; });
    });
    remember();
    document.dispatchEvent(new CustomEvent("vestry:model", { detail: { model: anchor, name: called(anchor) } }));
  };
  const pickFromAddress = () => {
    const asked = parts().model;
    const found = [...picker.options].find((one) => one.textContent === asked);
    if (found && found.value !== picker.value) pick(found.value);
    else remember();
  };
  if (picker) {
    picker.addEventListener("change", () => pick(picker.value));
    document.addEventListener("vestry:pick", ({ detail }) => {
      if (detail.model !== picker.value) pick(detail.model);
    });
    document.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-pick]");
      if (button) pick(button.dataset.pick);
    });
    all("[data-of-model]").forEach((panel) => {
      panel.addEventListener("beforematch", () => pick(panel.dataset.ofModel));
    });
    addEventListener("hashchange", pickFromAddress);
    // Chapters' own scripts stand below this one, and want to hear of it, too.
    document.addEventListener("DOMContentLoaded", () => {
      const asked = [...picker.options].find((one) => one.textContent === parts().model);
      pick(asked ? asked.value : usual);
    });
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
    const target = document.getElementById(parts().id);
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
      if (at.hidden) at.dispatchEvent(new Event("beforematch")); // a tab's or a model's panel
    }
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("DOMContentLoaded", reveal);
})();
