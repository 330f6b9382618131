// What both pages share: the theme, the state of the connection, announcements, the keys.

import { at, h, text } from "./dom.js";
import { claims, whenOver } from "./session.js";

/** Announcements that stay for a screen reader: a new call, the three nudges that may come with it, and one more. */
const TOLD_AT_ONCE = 5;
const THEMES = ["auto", "light", "dark"];
const STATES = { live: "live", away: "reconnecting", over: "signed out" };

function applyTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  text(at("theme"), `theme: ${name}`);
}

/** Set up the bar on top; gives the viewer, or null when nobody is signed in. */
export function frame(role) {
  let theme = localStorage.getItem("cxstream.theme") ?? "auto";
  applyTheme(theme);
  at("theme").addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    localStorage.setItem("cxstream.theme", theme);
    applyTheme(theme);
  });
  const help = at("help");
  at("keys").addEventListener("click", () => help.showModal());
  const single = at("single");
  single.checked = localStorage.getItem("cxstream.keys") !== "off";
  single.addEventListener("change", () => localStorage.setItem("cxstream.keys", single.checked ? "on" : "off"));
  whenOver(() => connection("over"));
  const viewer = claims()?.viewer ?? null;
  if (!viewer || viewer.role !== role) {
    connection("over");
    at("out").hidden = false;
    at("main").hidden = true;
    return null;
  }
  text(at("viewer"), viewer.name);
  return viewer;
}

/** Show whether what is on the page is live. */
export function connection(state) {
  const element = at("connection");
  element.dataset.state = state;
  text(element, STATES[state]);
}

/** Say something to a screen reader, without moving the focus. */
export function announce(words) {
  const live = at("announcer");
  live.append(h("p", {}, words));
  while (live.childElementCount > TOLD_AT_ONCE) live.firstElementChild.remove();
}

/** Something went wrong, or was done: one line at the bottom, for a while. */
export function notice(words) {
  const element = at("notice");
  text(element, words);
  element.hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => (element.hidden = true), 6_000);
}

/** Single keys, unless somebody types, a dialog is open, or they are switched off. */
export function keys(actions) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "?") at("help").showModal();
    else if (at("single").checked || event.key.length > 1) {
      const action = actions[event.key];
      if (action && action(event) !== false) event.preventDefault();
    }
  });
}
