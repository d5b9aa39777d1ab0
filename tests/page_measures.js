// What is measured of a page, inside it. Handed to the browser before each question; see page_measures.py.
"use strict";
window.measures = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const FIGURES = "figure, svg, canvas, [data-figure]";

  // Seen by a reader who opens nothing: drawn, not folded away, not clipped to a point for screen readers.
  const seen = (element) =>
    element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) &&
    !(element.tagName === "DETAILS" && !element.open) && !clipped(element);
  const clipped = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (/inset\((50|100)%\)/.test(style.clipPath)) return true;
      const { width, height } = at.getBoundingClientRect();
      if (style.overflow === "hidden" && width <= 1 && height <= 1) return true;
    }
    return false;
  };

  // Text nodes that are seen, each with its lines' boxes.
  const texts = (root = document.body) => {
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const parent = node.parentElement;
      if (!node.data.trim() || parent.closest("script, style, noscript, template, option, title, desc")) continue;
      if (!seen(parent)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0.5 && box.height > 0.5);
      if (boxes.length && boxes.some((box) => box.right > 0)) found.push({ node, parent, boxes });
    }
    return found;
  };
  // Thin spaces part thousands, not words.
  const count = (items) =>
    items.map(({ node }) => node.data.replaceAll("\u202f", "")).join(" ").split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

  const words = () => count(texts());
  // Sentences and headings: what is no label of a figure, no cell of a table and on no button.
  const prose = () => count(texts().filter(({ parent }) => !parent.closest("svg, table, button, select, label")));
  const figure = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return seen(element) && width >= 150 && height >= 60;
  };

  // Words of the main part that stand before its first figure, in reading order.
  const wordsBeforeFigure = () => {
    const main = document.querySelector("main") ?? document.body;
    const first = all(FIGURES, main).find(figure);
    if (!first) return count(texts(main));
    return count(texts(main).filter(({ node }) => first.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING));
  };

  // On the first screen, but for labels of figures, buttons and navigation.
  const firstScreen = () => texts().filter(({ boxes }) => boxes.some((box) => box.top < innerHeight && box.bottom > 0));
  const firstScreenWords = () => count(firstScreen().filter(({ parent }) => !parent.closest(`${FIGURES}, button, .menu, .verdict summary, nav, .bar, .skip, [popover]`)));

  const pixels = (element) => {
    const size = parseFloat(getComputedStyle(element).fontSize);
    const matrix = element.ownerSVGElement && element.getScreenCTM?.();
    return matrix ? size * Math.hypot(matrix.b, matrix.d) : size;
  };
  const block = (element) => {
    let at = element;
    while (at.parentElement && /^(inline|contents)/.test(getComputedStyle(at).display)) at = at.parentElement;
    return at;
  };
  // Blocks of text of the first screen by the size of their largest letters, the largest first.
  const largestTexts = (howMany) => {
    const sizes = new Map();
    for (const { parent } of firstScreen()) {
      if (parent.closest("svg, nav")) continue;
      const of = block(parent);
      sizes.set(of, Math.max(sizes.get(of) ?? 0, pixels(parent)));
    }
    return [...sizes].sort((one, other) => other[1] - one[1]).slice(0, howMany)
      .map(([of, size]) => [Math.round(size * 10) / 10, of.innerText.replace(/\s+/g, " ").trim()]);
  };
  const smallestText = () => texts()
    .map(({ node, parent }) => [Math.round(pixels(parent) * 10) / 10, node.data.trim().slice(0, 60)])
    .sort((one, other) => one[0] - other[0])[0];

  const openAll = () => {
    // Menus lie over what is below them, so that only one is open at a time; they stay as they are.
    for (const details of all("details:not(.menu)")) { details.removeAttribute("name"); details.open = true; }
    for (const part of all("[hidden=until-found]")) part.removeAttribute("hidden");
    for (const part of all("main [popover]")) part.removeAttribute("popover");
  };

  // Ids that stand twice, and references to ids that are not there.
  const ids = () => {
    const known = new Set(), faults = [];
    for (const { id } of all("[id]")) {
      if (known.has(id)) faults.push(`id twice: ${id}`);
      known.add(id);
    }
    const lists = ["for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-details", "aria-owns",
      "aria-activedescendant", "headers", "list", "popovertarget", "commandfor"];
    for (const name of lists) {
      for (const element of all(`[${name}]`)) {
        for (const id of element.getAttribute(name).split(/\s+/).filter(Boolean)) {
          if (!known.has(id)) faults.push(`${name} names no element: ${id}`);
        }
      }
    }
    for (const link of all('a[href^="#"], use[href^="#"]')) {
      const id = decodeURIComponent(link.getAttribute("href").slice(1));
      if (id && !known.has(id)) faults.push(`link to no element: #${id}`);
    }
    for (const element of all("[fill], [stroke], [clip-path], [mask], [marker-end]")) {
      for (const { value } of element.attributes) {
        const id = /^url\(["']?#(.+?)["']?\)/.exec(value)?.[1];
        if (id && !known.has(id)) faults.push(`url(#${id}) names no element`);
      }
    }
    return [...new Set(faults)];
  };

  const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  // The innermost elements that reach over the window's right edge, for whoever mends them.
  const wide = () => {
    const width = document.documentElement.clientWidth;
    const within = (element) => {
      for (let at = element.parentElement; at; at = at.parentElement) {
        if (getComputedStyle(at).overflowX !== "visible" && at !== document.body) return true;
      }
      return false;
    };
    return all("body *").filter((e) => seen(e) && e.getBoundingClientRect().right > width + 1 && !within(e))
      .filter((e, _, found) => !found.some((other) => other !== e && e.contains(other)))
      .slice(0, 5).map(named);
  };
  const named = (element) => {
    const of = element.closest("[id]")?.id ?? "";
    const kind = element.getAttribute("class");
    return `#${of} ${element.tagName.toLowerCase()}${kind ? `.${kind.split(/\s+/).join(".")}` : ""}`;
  };

  // Targets under 24 x 24 pixels; links within a text are let off, as WCAG 2.2 does.
  const smallTargets = () => all("button, select, summary, input, a[href], [role=tab], [role=button], [tabindex='0']")
    .filter((e) => seen(e) && !e.matches(".skip") && !(e.tagName === "A" && /^inline/.test(getComputedStyle(e).display)))
    .filter((e) => !e.matches("input[type=checkbox], input[type=radio]") || !e.labels?.length)
    .filter((e) => { const { width, height } = e.getBoundingClientRect(); return Math.min(width, height) < 23.5; })
    .map((e) => { const { width, height } = e.getBoundingClientRect(); return `${named(e)} ${Math.round(width)}x${Math.round(height)}`; });

  // Labels of figures that lie over one another, leave their figure or are cut off.
  const labels = () => outermost().filter(figure).flatMap((one) => {
    const of = texts(one).filter(({ parent }) => !parent.closest("figcaption, caption, button, menu, [role=menu], [popover]"));
    const boxes = of.flatMap(({ node, parent, boxes: lines }) => lines.map((line) => ({ text: node.data.trim().slice(0, 40), node, parent, ...inner(shown(line, parent)) })));
    const at = named(one);
    return [...overlaps(boxes, at), ...strays(boxes, one, at), ...cuts(of, at)];
  });
  const outermost = () => all("main figure, main svg, main [data-figure]").filter((e) => !e.parentElement.closest("figure, svg, [data-figure]"));
  // What is left of a line where its element hides what is over.
  const shown = (line, parent) => {
    if (parent.ownerSVGElement || getComputedStyle(parent).overflowX === "visible") return line;
    const frame = parent.getBoundingClientRect();
    const left = Math.max(line.left, frame.left), right = Math.max(left, Math.min(line.right, frame.right));
    const top = Math.max(line.top, frame.top), bottom = Math.max(top, Math.min(line.bottom, frame.bottom));
    return { left, right, top, bottom, height: bottom - top };
  };
  // A line's box is taller than its letters: a sixth above and below is air.
  const inner = ({ left, right, top, bottom, height }) => ({ left: left + 0.75, right: right - 0.75, top: top + height / 6, bottom: bottom - height / 6 });
  const overlaps = (boxes, at) => {
    const found = [];
    const sorted = [...boxes].sort((one, other) => one.top - other.top);
    sorted.forEach((one, place) => {
      for (let next = place + 1; next < sorted.length && sorted[next].top < one.bottom; next += 1) {
        const other = sorted[next];
        if (other.node === one.node) continue;
        if (other.left < one.right && one.left < other.right) found.push(`${at}: “${one.text}” over “${other.text}”`);
      }
    });
    return found;
  };
  const strays = (boxes, one, at) => {
    const figures = new Map();
    return boxes.filter(({ parent, left, right, top, bottom }) => {
      const holder = parent.closest("svg")?.parentElement ?? parent;
      const frame = scroller(holder, one);
      if (!figures.has(frame)) figures.set(frame, extent(frame));
      const box = figures.get(frame);
      return left < box.left - 1 || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1;
    }).map(({ text }) => `${at}: “${text}” leaves it`);
  };
  const scroller = (element, one) => {
    for (let at = element; at && at !== one; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return at;
    }
    return one;
  };
  // What a reader can scroll to inside a frame, or the frame itself.
  const extent = (frame) => {
    const { left, top, right, bottom } = frame.getBoundingClientRect();
    if (!/auto|scroll/.test(getComputedStyle(frame).overflowX)) return { left, top, right, bottom };
    const start = left - frame.scrollLeft;
    return { left: start, top, right: start + frame.scrollWidth, bottom: Math.max(bottom, top + frame.scrollHeight) };
  };
  const cuts = (of, at) => of.filter(({ parent, boxes }) => {
    const svg = parent.closest("svg");
    if (svg) {
      if (getComputedStyle(svg).overflow === "visible") return false;
      const frame = svg.getBoundingClientRect();
      return boxes.some((box) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2);
    }
    const style = getComputedStyle(parent);
    // Shortened with an ellipsis, and whole in its title, is no more cut than a label that was shortened when it was drawn.
    if (style.textOverflow === "ellipsis" && parent.closest("[title]")) return false;
    return style.overflowX === "hidden" && (parent.scrollWidth > parent.clientWidth + 1 || parent.scrollHeight > parent.clientHeight + 1);
  }).map(({ node }) => `${at}: “${node.data.trim().slice(0, 40)}” is cut`);

  return { words, prose, wordsBeforeFigure, firstScreenWords, largestTexts, smallestText, openAll, ids, overflow, wide, smallTargets, labels,
    height: () => document.documentElement.scrollHeight };
})();
