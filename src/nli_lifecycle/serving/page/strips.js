// Traffic, and a strip of effect sizes per finding.

import { svg } from "./charts.js";
import { element } from "./elements.js";
import { cell, gutter, line, mark, round, times } from "./timeline.js";
import { finding, measured, moment, plain, pooled, said, whose } from "./windows.js";

const HEIGHT = 90;
const TOP = 8;
const SIGNIFICANT = 0.05; // p-values are corrected within their window
const LEVELS = ["little", "some", "much"];
// From where on there is some of an effect, and much: docs/monitoring_statistics.md.
const EFFECTS = {
  label_mix: { effect: "Cohen’s w", some: 0.1, much: 0.3 },
  text_drift: { effect: "Cliff’s delta", some: 0.147, much: 0.33 },
};
const UNEVEN = 200; // greatest over least rate from which the scale is logarithmic
const STABILITY = { effect: "PSI", some: 0.1, much: 0.25 };

const HOUR = 3_600_000;

export function traffic(columns) {
  const bottom = TOP + HEIGHT;
  const rates = columns.groups.map(({ windows }) => {
    const hours = windows.reduce((sum, { found }) => sum + (moment(found.end) - moment(found.begin)) / HOUR, 0);
    return hours > 0 ? windows.reduce((sum, { found }) => sum + found.pairs, 0) / hours : null;
  });
  const known = rates.filter(Boolean);
  const most = round(Math.max(1, ...known));
  const least = Math.max(...known) > UNEVEN * Math.min(...known) ? 10 ** Math.floor(Math.log10(Math.min(...known))) / 2 : 0;
  const tall = (rate) => HEIGHT * (least ? Math.log(Math.max(rate, least) / least) / Math.log(most / least) : rate / most);
  const drawn = svg("svg", { class: "plot", height: bottom + 46, role: "img", "aria-label": "Pairs per hour, by window" });
  for (const rate of least ? powers(2 * least, most) : [0, most / 2, most]) {
    const y = bottom - tall(rate);
    drawn.append(line("grid", 0, y, 100, y), gutter(y, rate.toLocaleString("en", { notation: "compact" })));
  }
  columns.groups.forEach((group, at) => {
    const x = group.left + group.width / 2;
    const pairs = group.windows.reduce((sum, { found }) => sum + found.pairs, 0);
    const title = `${whose(group)}: ${pairs} pairs`;
    if (rates[at] === null) drawn.append(mark("gap missing", "dash", x, bottom - 4, `${title}, all of one moment`));
    else {
      const height = Math.max(1, tall(rates[at]));
      drawn.append(cell("rate", group.left, 0.9 * group.width, bottom - height, height, `${title}, ${Math.round(rates[at])} per hour`));
    }
    const damaged = pooled(group, "damaged_rows");
    if (damaged?.value > 0) drawn.append(mark("damaged", "cross", x, bottom + 12, `${whose(group)}: ${said("damaged_rows", damaged.value)} of the rows are damaged`));
  });
  drawn.append(gutter(bottom + 12, "damaged"), ...times(columns, bottom + 38));
  return drawn;
}

function powers(least, most) {
  const found = [];
  for (let power = least; power <= most * 1.001; power *= 10) found.push(power);
  return found;
}

// choose(name): somebody wants to see that finding over time.
export function drift(columns, choose) {
  const all = columns.groups.flatMap(({ windows }) => windows.flatMap(({ found }) => found.findings));
  const names = [...new Set(all.filter(({ effect }) => Number.isFinite(effect)).map(({ name }) => name))];
  if (!names.length) return element("p", { class: "empty" }, "No window could be compared with quiet times yet.");
  return element("div", { class: "strips" }, ...names.map((name) => strip(columns, name, choose)));
}

function strip({ groups }, name, choose) {
  const { effect, some, much } = Object.hasOwn(EFFECTS, name) ? EFFECTS[name] : STABILITY;
  const drawn = svg("svg", { class: "plot", height: 20, role: "img", "aria-label": `${plain(name)}, ${effect} by window` });
  let latest = "none yet";
  for (const group of groups) {
    const { left, width, windows } = group;
    const found = windows.map((window) => measured(window, name)).filter((one) => Number.isFinite(one?.effect))
      .reduce((worst, one) => (worst && Math.abs(worst.effect) >= Math.abs(one.effect) ? worst : one), null);
    if (!found) {
      const last = finding(windows[windows.length - 1], name);
      drawn.append(cell("none", left, 0.9 * width, 9, 2, `${whose(group)}: ${last?.state ?? "missing"}. ${last?.why ?? ""}`));
      continue;
    }
    const size = Math.abs(found.effect);
    const level = LEVELS[(size >= some) + (size >= much)];
    latest = `${found.effect.toFixed(2)}, ${level}`;
    const p = Number.isFinite(found.p_value) ? `, p = ${found.p_value.toPrecision(2)}` : "";
    drawn.append(cell(`effect ${level}`, left, 0.9 * width, 0, 14, `${whose(group)}: ${effect} ${found.effect.toFixed(3)}${p}`));
    if (p && found.p_value < SIGNIFICANT) drawn.append(cell("significant", left, 0.9 * width, 16, 3));
  }
  const button = element("button", { type: "button", class: "plain" }, plain(name));
  button.addEventListener("click", () => choose(name));
  return element("div", { class: "strip" },
    element("p", { class: "name" }, button, " ", element("span", { class: "note" }, effect)),
    drawn, element("p", { class: "latest" }, latest));
}
