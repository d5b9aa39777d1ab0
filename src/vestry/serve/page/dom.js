// Elements made in script: text only ever becomes text, never markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}%`;

// A probability that is nearly 1 must not be shown as certain, nor one of nearly 0 as impossible.
export function confidence(share) {
  if (share > 0.999 && share < 1) return "> 99.9%";
  if (share > 0 && share < 0.001) return "< 0.1%";
  return percent(share);
}

export const count = (number) => number.toLocaleString("en");

export function bar(label, share, strong = false) {
  const fill = element("i");
  fill.style.inlineSize = percent(share, 2); // set by script, which the content policy allows
  return element(
    "li",
    { className: strong ? "strong" : "" },
    element("span", { className: "label", title: label }, label),
    element("span", { className: "track", "aria-hidden": "true" }, fill),
    element("span", { className: "value" }, confidence(share)),
  );
}

export const modelName = (text) => element("b", { className: "name" }, text);

export const className = (text) => element("i", { className: "class" }, text);

// The parts between which `between` stands.
export const joined = (parts, between) => parts.flatMap((part, place) => (place ? [between, part] : [part]));

export const picture = (source, alt, className = "") =>
  element("img", { src: source, alt, className, draggable: false });

// The bytes of a data URL; fetching one is against the page's content policy.
export function blobOf(url) {
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
