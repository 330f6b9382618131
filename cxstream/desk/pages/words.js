// Numbers, times and labels as people read them.

const CHANNELS = { voice: "call", sms: "text", email: "e-mail" };
const HAPPENED = {
  hold: "on hold",
  resume: "off hold",
  transfer: "transferred",
  "conversation.ended": "ended",
};

export const channel = (name) => CHANNELS[name] ?? name;
export const plain = (label) => String(label).replaceAll("_", " ");
export const percent = (share) => `${Math.round(100 * share)}%`;
export const happened = (kind) => HAPPENED[kind] ?? plain(kind);

/** Hours and minutes of the viewer's day. */
export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** `4:07` between two moments; `1:02:00` from an hour on. */
export function lasting(from, to = Date.now()) {
  const seconds = Math.max(0, Math.round((to - new Date(from)) / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** How long ago, in one word and a number. */
export function ago(at) {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(at)) / 1000));
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** A valence (-1 to 1) in words. */
export function tone(valence) {
  if (valence <= -0.6) return "very negative";
  if (valence <= -0.2) return "negative";
  if (valence < 0.2) return "neutral";
  return valence < 0.6 ? "positive" : "very positive";
}

/** A risk (0 to 1) in a word; colour alone would not do. */
export function level(risk) {
  if (risk >= 0.6) return "high";
  return risk >= 0.35 ? "raised" : "low";
}
