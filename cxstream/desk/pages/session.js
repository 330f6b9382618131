// Who is signed in: the token comes behind the # of the link, which browsers send to nobody. It lives in
// this tab only, and is renewed before it is over.

const KEY = "cxstream.token";
const RENEW_BEFORE_MS = 60_000;

const parts = new URLSearchParams(
  location.hash.includes("=") ? location.hash.slice(1) : `token=${location.hash.slice(1)}`,
);
if (parts.get("token")) {
  sessionStorage.setItem(KEY, parts.get("token"));
  parts.delete("token");
  history.replaceState(null, "", location.pathname + (parts.size ? `#${parts}` : ""));
}

/** What else stood behind the #, such as the customer of a journey. */
export const asked = parts;

let over = () => {};

/** Call `callback` when the token cannot be renewed any more. */
export function whenOver(callback) {
  over = callback;
}

/** The claims of the token: `viewer` and `exp`; null without one. */
export function claims() {
  const token = sessionStorage.getItem(KEY);
  if (!token) return null;
  try {
    const coded = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(coded), (letter) => letter.codePointAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Ask this server for something, signed in. */
export async function ask(path, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${sessionStorage.getItem(KEY)}` };
  return fetch(path, { ...options, headers, cache: "no-store" });
}

/** Send JSON; gives `{ok, body}`, with the refusal's words in `body.mend`. */
export async function send(path, body) {
  try {
    const answer = await ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return { ok: answer.ok, body: await answer.json() };
  } catch {
    return { ok: false, body: { mend: "the desk cannot be reached; try again in a moment" } };
  }
}

async function renew() {
  try {
    const answer = await ask("/v1/tokens/renewed", { method: "POST" });
    if (answer.status === 401) {
      sessionStorage.removeItem(KEY);
      over();
      return;
    }
    if (answer.ok) sessionStorage.setItem(KEY, (await answer.json()).token);
  } catch {
    // no connection: the next try is soon
  }
  soon();
}

function soon() {
  const held = claims();
  if (!held) return;
  const leftMs = held.exp * 1000 - Date.now() - RENEW_BEFORE_MS;
  setTimeout(renew, Math.max(5_000, leftMs));
}

soon();
