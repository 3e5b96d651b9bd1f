// Windows of the inference log: their findings, and where they lie side by side.

const MOST_COLUMNS = 120; // more are too narrow to be seen on a phone
const LEAST_COLUMNS = 12; // fewer windows leave room for those to come

// The log's times are UTC, whether they say so or not.
export const moment = (text) => new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);

export const finding = (window, name) => window.found.findings.find((one) => one.name === name);

// What was refused, or is no number, is no figure.
export function measured(window, name) {
  const found = finding(window, name);
  return found?.state === "measured" && Number.isFinite(found.value) ? found : undefined;
}

// Where there are many windows, a column joins several; those of another version beside them.
export function columns(windows) {
  const each = Math.max(1, Math.ceil(windows.length / MOST_COLUMNS));
  const room = Math.max(LEAST_COLUMNS, each * Math.ceil(windows.length / each));
  const place = (position) => (100 * position) / room;
  const groups = [];
  for (let start = 0; start < windows.length; start += each) {
    const models = new Map();
    for (const window of windows.slice(start, start + each)) {
      const { version, digest } = window.found;
      const key = `${version} ${digest}`;
      if (!models.has(key)) models.set(key, []);
      models.get(key).push(window);
    }
    const width = place(each) / models.size;
    [...models.values()].forEach((found, at) => {
      groups.push({ left: place(start) + at * width, width, windows: found, version: found[0].found.version });
    });
  }
  const begins = windows.map(({ found }) => moment(found.begin));
  // Before the first window that begins later; null where that is the first of all.
  const at = (time) => {
    const later = begins.findIndex((begin) => begin >= time);
    const position = later < 0 ? begins.length : later;
    return position ? place(position) : null;
  };
  return { groups, each, place, at, begins };
}

// A finding over the windows of a group: the mean, whose error is that of independent figures.
export function pooled({ windows }, name) {
  const found = windows.map((window) => measured(window, name)).filter(Boolean);
  if (!found.length) return null;
  const weights = found.map(({ pairs }) => Math.max(1, pairs));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const value = found.reduce((sum, one, at) => sum + weights[at] * one.value, 0) / all;
  const error = (side) => Math.hypot(...found.map((one, at) => weights[at] * (one[side] - one.value))) / all;
  const known = found.every(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const values = found.map((one) => one.value);
  return {
    value,
    low: known ? value - error("low") : null,
    high: known ? value + error("high") : null,
    lowest: Math.min(...values),
    highest: Math.max(...values),
    reference: found[found.length - 1].reference,
    pairs: found.reduce((sum, { pairs }) => sum + pairs, 0),
  };
}

const COUNTS = ["requests", "feedback_without_prediction"];
const SIGNED = ["estimate_gap"];

// A figure in the unit that people read.
export function said(name, value) {
  if (!Number.isFinite(value)) return "–";
  if (COUNTS.includes(name)) return value.toLocaleString("en");
  if (name === "text_drift") return value.toFixed(3);
  const points = (100 * value).toFixed(1).replace("-", "−");
  return SIGNED.includes(name) ? `${points} points` : `${points}%`;
}

export const plain = (name) => name.replaceAll("_", " ");

export function interval(name, { value, low, high }) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return said(name, value);
  return `${said(name, value)} (${said(name, low)} to ${said(name, high)})`;
}

export function whose({ windows }) {
  const [first, last] = [windows[0].found, windows[windows.length - 1].found];
  const numbers = first === last ? `Window ${first.window}` : `Windows ${first.window} to ${last.window}`;
  return `${numbers}, version ${last.version}`;
}
