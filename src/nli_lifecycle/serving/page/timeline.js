// A figure over time: intervals, the evidence, releases, and who answered. Places are percent of the
// width, so that words stay readable on a phone.

import { svg } from "./charts.js";
import { finding, interval, measured, moment, plain, pooled, said, whose } from "./windows.js";

const TOP = 48;
const HEIGHT = 200;
const ROW = 17;
const AXIS = 24;
const LABELS = 3; // rows of labels above
const MOST_LABELS = 9;
const MOST_LANES = 6;
const SHAPES = { insufficient: "ring", refused: "cross", missing: "dash" };

export const line = (kind, x, y, toX, toY) => svg("line", { class: kind, x1: `${x}%`, y1: y, x2: `${toX}%`, y2: toY });
export const gutter = (y, text) => svg("text", { class: "gutter", x: -8, y: y + 4 }, text);

export function cell(kind, left, width, y, height, title) {
  const made = svg("rect", { class: kind, x: `${left}%`, width: `${width}%`, y, height });
  if (title) made.append(svg("title", {}, title));
  return made;
}

export function mark(kind, shape, x, y, title) {
  return svg("use", { class: kind, href: `#${shape}`, x: `${x}%`, y }, svg("title", {}, title));
}

export function times({ begins, place }, y) {
  const last = begins.length - 1;
  const shown = new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last)));
  const long = begins[last] - begins[0] > 200 * 86_400_000;
  return [...shown].map((position, at) => {
    const x = place(position + 0.5);
    const text = begins[position].toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });
    const anchor = x < 12 ? "start" : x > 88 ? "end" : "middle";
    return svg("text", { class: at % 2 ? "often" : "", x: `${x}%`, y, "text-anchor": anchor }, long ? text.slice(0, 10) : text.slice(5));
  });
}

// series: [{name, kind, shape, aside}]; choose(group): the one that is pointed at.
export function timeline(columns, series, releases, choose) {
  const { groups } = columns;
  const figures = new Map(series.map(({ name }) => [name, groups.map((group) => pooled(group, name))]));
  const levels = groups.map((group) => evidence(group, series));
  const versions = [...new Set(groups.map(({ version }) => version))].slice(-MOST_LANES);
  const bottom = TOP + HEIGHT;
  const end = bottom + 12 + ROW * (series.length + 1 + versions.length);
  const { up, ticks } = scale([...figures.values()].flat(), levels, series[0].name, bottom);
  const names = series.map(({ name }) => plain(name)).join(" and ");
  const drawn = svg("svg", {
    class: "plot", height: end + AXIS, role: "group", tabindex: 0,
    "aria-label": `${names} by window; the arrow keys choose a window`,
  });
  for (const [y, text] of ticks) drawn.append(line("grid", 0, y, 100, y), gutter(y, text));
  const cursor = cell("cursor", 0, 0, TOP - 6, end - TOP + 6);
  drawn.append(cursor);
  groups.forEach(({ left, width, version }, at) => {
    if (levels[at] === null) return;
    drawn.append(cell("evidence", left, width, up(levels[at]) - 1, 2, `Evidence of version ${version}: ${said(series[0].name, levels[at])}`));
  });
  drawn.append(...releaseLines(columns, releases, end));
  for (const one of series) {
    groups.forEach((group, at) => drawn.append(...figure(group, figures.get(one.name)[at], one, up)));
  }
  drawn.append(...below(groups, series, versions, bottom + 12 + ROW / 2));
  drawn.append(...times(columns, end + ROW - 2));
  pointing(drawn, groups, cursor, choose);
  return drawn;
}

function evidence({ windows }, series) {
  for (const window of windows.toReversed()) {
    for (const { name } of series) {
      const level = finding(window, name)?.reference;
      if (Number.isFinite(level)) return level;
    }
  }
  return null;
}

function scale(figures, levels, name, bottom) {
  const shown = levels.filter((level) => level !== null);
  for (const one of figures) {
    if (one) shown.push(...[one.value, one.lowest, one.highest, one.low, one.high].filter((bound) => bound !== null));
  }
  const [least, most] = shown.length ? [Math.min(...shown), Math.max(...shown)] : [0, 1];
  const step = round((most - least || 0.1) / 5);
  const low = step * Math.floor(least / step);
  const high = Math.max(low + step, step * Math.ceil(most / step));
  const up = (value) => bottom - (HEIGHT * (value - low)) / (high - low);
  const count = Math.round((high - low) / step);
  const values = Array.from({ length: count + 1 }, (_, at) => low + at * step);
  const texts = values.map((value) => said(name, value));
  const whole = texts.every((text) => text.endsWith(".0%"));
  return { up, ticks: values.map((value, at) => [up(value), whole ? texts[at].replace(".0%", "%") : texts[at]]) };
}

// The next of 1, 2, 5 times a power of ten.
export function round(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
}

function figure(group, found, { name, kind, shape, aside }, up) {
  if (!found) return [];
  const x = group.left + group.width * (0.5 + aside);
  const made = [];
  if (group.windows.length > 1) made.push(line(`range ${kind}`, x, up(found.lowest), x, up(found.highest)));
  if (found.low !== null) made.push(line(`bar ${kind}`, x, up(found.low), x, up(found.high)));
  made.push(mark(`value ${kind}`, shape, x, up(found.value), `${whose(group)}: ${plain(name)} ${interval(name, found)}, ${found.pairs} pairs`));
  return made;
}

function releaseLines(columns, releases, end) {
  const placed = releases.map((release) => [release, columns.at(moment(release.time))]).filter(([, x]) => x !== null);
  return placed.map(([{ kind, version, by, reason }, x], number) => {
    const frozen = kind === "freeze" || kind === "unfreeze";
    const words = frozen || version === null ? kind : `${kind} ${kind === "rollback" ? "to " : ""}v${version}`;
    const y = 14 * (number % LABELS) + 11;
    const tone = kind === "rollback" ? "rollback" : frozen ? "freeze" : "release";
    const made = svg("g", { class: `moment ${tone}` }, svg("title", {}, `${words}, by ${by}. ${reason}`), line("", x, y + 3, x, end));
    if (placed.length - number <= MOST_LABELS) {
      const [anchor, aside] = x > 70 ? ["end", -4] : ["start", 4];
      made.append(svg("text", { x: `${x}%`, dx: aside, y, "text-anchor": anchor }, words));
    }
    return made;
  });
}

// Windows without the figure, never a place on its scale; detectors that rang; a lane per version.
function below(groups, series, versions, top) {
  const made = [];
  let y = top;
  for (const { name, word } of series) {
    made.push(gutter(y, word));
    for (const group of groups.filter(({ windows }) => !windows.some((window) => measured(window, name)))) {
      const last = finding(group.windows[group.windows.length - 1], name);
      const state = Object.hasOwn(SHAPES, last?.state ?? "") ? last.state : "missing";
      made.push(mark(`gap ${state}`, SHAPES[state], group.left + group.width / 2, y, `${whose(group)}: ${plain(name)} ${state}. ${last?.why ?? ""}`));
    }
    y += ROW;
  }
  made.push(gutter(y, "detectors"));
  for (const group of groups) {
    const rang = new Set(group.windows.flatMap(({ alarms }) => alarms));
    if (rang.size) made.push(mark("bell", "bell", group.left + group.width / 2, y, `${whose(group)}: ${[...rang].map(plain).join(", ")} rang`));
  }
  for (const version of versions) {
    y += ROW;
    made.push(gutter(y, `v${version}`));
    for (const group of groups.filter((one) => one.version === version)) {
      made.push(cell("lane", group.left, group.width, y - 4, 8, `Version ${version}`));
    }
  }
  return made;
}

function pointing(drawn, groups, cursor, choose) {
  let chosen = -1;
  function take(at) {
    if (at === chosen || !groups[at]) return;
    chosen = at;
    cursor.setAttribute("x", `${groups[at].left}%`);
    cursor.setAttribute("width", `${groups[at].width}%`);
    choose(groups[at]);
  }
  function point(event) {
    const { left, width } = drawn.getBoundingClientRect();
    const x = (100 * (event.clientX - left)) / width;
    take(groups.findIndex((group) => x >= group.left && x < group.left + group.width));
  }
  drawn.addEventListener("pointermove", point);
  drawn.addEventListener("pointerdown", point);
  drawn.addEventListener("keydown", (event) => {
    const last = groups.length - 1;
    const to = { ArrowRight: Math.min(last, chosen + 1), ArrowLeft: chosen < 0 ? last : Math.max(0, chosen - 1), Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    take(to);
  });
}
