// Monitoring: what its last round found, to be looked into.

import { capital, digest, element, facts, problem, time } from "./elements.js";
import { account, actions, alarm, history, releases, slices, unresolved } from "./records.js";
import { drift, traffic } from "./strips.js";
import { timeline } from "./timeline.js";
import { columns, finding, interval, measured, moment, plain, said, whose } from "./windows.js";

const part = (name) => document.getElementById(`monitoring-${name}`);
const figure = part("figure");
const version = part("version");
const ACCURACY = "accuracy"; // both of them, side by side
const BOTH = [
  { name: "realised_accuracy", word: "realised", kind: "realised", shape: "dot", aside: -0.14 },
  { name: "estimated_accuracy", word: "estimated", kind: "estimated", shape: "diamond", aside: 0.14 },
];

let report = null;
let tag = null; // of what is shown

export function showMonitoring(found, headers) {
  const stale = /^110 \S+ "(.*)"$/.exec(headers.get("Warning") ?? "")?.[1];
  part("trouble").replaceChildren(...(stale ? [element("p", { class: "notice bad", role: "alert" }, stale)] : []));
  made(found);
  part("found").hidden = false;
  const fresh = headers.get("ETag");
  if (fresh !== null && fresh === tag) return; // what somebody looks at stays as it is
  [report, tag] = [found, fresh];
  part("alerts").replaceChildren(...found.notes.map((note) => element("p", { class: "notice" }, note)),
    ...unresolved(found.alerts).map(alarm), ...calm(found));
  options(figure, [[ACCURACY, "Accuracy"], ...names(found).map((name) => [name, plain(name)])]);
  options(version, [["", "all"], ...[...new Set(found.windows.map((window) => window.found.version))].map((one) => [one, one])]);
  part("slices").replaceChildren(slices(found.slices));
  history(part("history"), found.alerts);
  actions(part("actions"), found.actions);
  releases(part("releases"), found.releases);
  part("account").replaceChildren(account(found.account));
  draw();
}

// What was shown before stays, as far as there is any.
export function monitoringFailed(error) {
  if (error.status !== 404) part("trouble").replaceChildren(problem(error));
  else if (report === null) part("made").textContent = error.message;
}

function made({ environment, model, made: then }) {
  part("made").replaceChildren(`${environment} · ${model} · made ${ago(Date.now() - moment(then))} (`, time(then), ") · ",
    element("a", { href: "monitoring/report", download: `monitoring-${environment}.html` }, "Download it as a page"));
}

function ago(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 120) return `${minutes} ${minutes === 1 ? "minute" : "minutes"} ago`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} hours ago` : `${Math.round(minutes / 1440)} days ago`;
}

// That nothing is known is never said as if all were well.
function calm({ alerts, windows }) {
  if (unresolved(alerts).length) return [];
  const known = answering(windows).some((window) => BOTH.some(({ name }) => measured(window, name)));
  const text = !windows.length ? "Nothing is measured yet: there is no full window of the log."
    : known ? "No alert is open." : "No alert is open, but the accuracy of the model that answers is not known.";
  return [element("p", { class: "state" }, text)];
}

// Windows of the model of the highest epoch, since it answers, the latest first.
function answering(windows) {
  const last = windows.reduce((one, other) => (one && one.found.epoch > other.found.epoch ? one : other), null);
  const others = windows.filter(({ found }) => found.digest !== last.found.digest).map(({ found }) => found.epoch);
  const began = others.reduce((one, other) => Math.max(one, other), -1);
  return windows.filter(({ found }) => found.digest === last.found.digest && found.epoch > began).toReversed();
}

function names({ windows }) {
  return [...new Set(windows.flatMap(({ found }) => found.findings.map(({ name }) => name)))];
}

// What was chosen stays chosen, where there still is such a thing.
function options(select, found) {
  const before = select.value;
  select.replaceChildren(...found.map(([value, text]) => element("option", { value }, text)));
  if (found.some(([value]) => value === before)) select.value = before;
}

function draw() {
  const windows = report.windows.filter(({ found }) => !version.value || found.version === version.value);
  part("now").replaceChildren(...cards(windows));
  const empty = () => element("p", { class: "empty" }, "There is no full window yet.");
  if (!windows.length) {
    for (const name of ["chart", "traffic", "drift"]) part(name).replaceChildren(empty());
    return;
  }
  const laid = columns(windows);
  const series = figure.value === ACCURACY ? BOTH : [{ name: figure.value, word: "no figure", kind: "realised", shape: "dot", aside: 0 }];
  const many = laid.each > 1 ? ` Each mark is the mean of ${laid.each} windows; the thin line goes from the lowest to the highest.` : "";
  part("key").replaceChildren(...series.map(({ name, kind, shape }) => element("span", {}, swatch(kind, shape), plain(name))),
    element("span", {}, element("i", { class: "level" }), "evidence of the release"), many);
  part("chart").replaceChildren(timeline(laid, series, report.releases, choose));
  part("traffic").replaceChildren(traffic(laid));
  part("drift").replaceChildren(drift(laid, (name) => {
    figure.value = name;
    draw();
    part("chart").scrollIntoView({ block: "nearest" });
  }));
}

function swatch(kind, shape) {
  const made = document.querySelector("#monitoring .shape").cloneNode(true);
  made.firstElementChild.setAttribute("class", `value ${kind}`);
  made.firstElementChild.setAttribute("href", `#${shape}`);
  return made;
}

const card = (title, big, ...rest) => element("div", { class: "card" }, element("h3", {}, title), element("p", { class: "big" }, big), ...rest);

// The model that answers, of these windows, and its accuracies as last measured.
function cards(windows) {
  if (!windows.length) return [card("Model", "–", element("p", { class: "note" }, "no full window yet"))];
  const its = answering(windows);
  const [last] = its;
  return [...BOTH.map(({ name }) => now(its, name)), card("Model", `Version ${last.found.version}`,
    facts([["Digest", digest(last.found.digest)], ["Epoch", String(last.found.epoch)], ["Window", String(last.found.window)]]))];
}

const signed = (points) => `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`;

function now(windows, name) {
  const window = windows.find((one) => measured(one, name));
  const note = (text) => element("p", { class: "note" }, text);
  const title = capital(plain(name));
  if (!window) {
    const last = finding(windows[0], name);
    return card(title, "–", note(`Not known: ${last ? `${last.state}. ${last.why}` : "it was not looked for"}`));
  }
  const found = measured(window, name);
  const [value, ...between] = interval(name, found).split(" ");
  const beside = Number.isFinite(found.reference)
    ? `; ${signed(100 * (found.value - found.reference))} points from the release’s ${said(name, found.reference)}` : "";
  return card(title, value, note(between.join(" ").replace(/[()]/g, "")),
    note(`window ${window.found.window}, ${found.pairs} pairs${beside}`));
}

function choose(group) {
  const windows = group.windows;
  const last = windows[windows.length - 1];
  const rows = last.found.findings.map((one) => {
    if (one.state !== "measured" || !Number.isFinite(one.value)) return [plain(one.name), `${one.state}. ${one.why}`];
    const more = [
      Number.isFinite(one.effect) ? `effect ${one.effect.toFixed(3)}` : "",
      Number.isFinite(one.p_value) ? `p = ${one.p_value.toPrecision(2)}` : "",
      one.why,
    ];
    return [plain(one.name), [interval(one.name, one), ...more].filter(Boolean).join(", ")];
  });
  const joined = windows.length > 1 ? [element("p", { class: "note" }, `The last of ${windows.length} windows that share this place:`)] : [];
  const rang = last.alarms.length ? [["Detectors", last.alarms.map(plain).join(", ")]] : [];
  const run = last.run_id ? [["MLflow run", element("code", {}, last.run_id)]] : [];
  part("window").replaceChildren(
    element("h3", {}, whose({ windows: [last] })), ...joined,
    element("p", { class: "note" }, time(moment(last.found.begin).toISOString()), " to ", time(moment(last.found.end).toISOString())),
    facts([...rows, ...rang, ...run]));
}

figure.addEventListener("change", draw);
version.addEventListener("change", draw);
