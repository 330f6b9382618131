// Elements in one line, and lists that are brought up to date without losing focus.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "line", "rect", "circle", "g"]);

/** An element: `h("p.note", {title: "why"}, "text", child)`. Names beginning with `on` are listeners. */
export function h(selector, props = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return fill(element, ...children);
}

/** Give an element these children, and no others; nothing stands for one that is not there. */
export function fill(element, ...children) {
  const there = (child) => child !== null && child !== undefined && child !== false;
  element.replaceChildren(...children.flat(2).filter(there));
  return element;
}

/** The element of that id. */
export const at = (id) => document.getElementById(id);

/** Text for screen readers only. */
export const unseen = (text) => h("span.unseen", {}, text);

/**
 * Make the children of `parent` those of `items`, in order: `key(item)` names each, `draw(item, held)` gives
 * its element (the held one, changed, or a new one). Elements that stay are moved only when they have to.
 */
export function keyed(parent, items, key, draw) {
  const held = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const before = held.get(name);
    const element = draw(item, before);
    held.delete(name);
    if (before && before !== element) {
      if (next === before) next = element;
      before.replaceWith(element);
    }
    element.dataset.key = name;
    if (element === next) next = element.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  for (const gone of held.values()) gone.remove();
}

/** Change text only where it differs, so that nothing flickers and no selection is lost. */
export function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
