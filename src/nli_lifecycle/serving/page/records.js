// Alerts, actions, releases, slices and the account of rows, in words.

import { bars, element, time } from "./elements.js";
import { plain } from "./windows.js";

const MOST = 60; // of a list; the document has all
const SEVERITIES = { info: "◆ info", warning: "● warning", critical: "▲ critical" };
const ranks = Object.keys(SEVERITIES);

// A severity's own class where it is one of the three.
const tone = (severity) => (ranks.includes(severity) ? severity : "warning");
const severity = (name) => element("strong", { class: tone(name) }, SEVERITIES[tone(name)]);

// Open ones before acknowledged ones, the severest first.
export function unresolved(alerts) {
  return alerts.filter(({ state }) => state !== "resolved").sort((one, other) =>
    (one.state !== "open") - (other.state !== "open")
    || ranks.indexOf(other.severity) - ranks.indexOf(one.severity)
    || one.opened.localeCompare(other.opened));
}

export function alarm({ severity: how, rule, state, by, sentence, opened, times }) {
  const head = element("p", {}, severity(how), ` · ${plain(rule)}`, state === "acknowledged" ? ` · acknowledged by ${by}` : "");
  return element("article", { class: `notice alarm ${tone(how)}` }, head, element("p", {}, sentence),
    element("p", { class: "note" }, "Open since ", time(opened), `; fired ${times} ${times === 1 ? "time" : "times"}.`));
}

function fill(list, records, none, worded) {
  const latest = records.toReversed().slice(0, MOST);
  list.replaceChildren(...latest.map((record) => element("li", {}, ...worded(record))));
  if (!records.length) list.replaceChildren(element("li", { class: "empty" }, none));
  if (records.length > MOST) list.append(element("li", { class: "note" }, `${records.length - MOST} older ones are in the document.`));
}

const foot = (...parts) => element("p", { class: "note" }, ...parts);

export function history(list, alerts) {
  fill(list, alerts, "There never was one.", ({ severity: how, rule, version, state, opened, seen, sentence, by }) => [
    element("p", {}, severity(how), ` · ${plain(rule)} · version ${version} · `, element("strong", {}, state)),
    element("p", { class: "reason" }, sentence),
    foot(time(opened), state === "resolved" ? " to " : ", last seen ", time(seen), by ? ` · ${by}` : ""),
  ]);
}

export function actions(list, taken) {
  fill(list, taken, "None was planned.", ({ action, state, version, dry_run, reason, outcome, planned }) => [
    element("p", {}, element("strong", {}, action), ` version ${version} · `,
      element("strong", { class: state === "failed" ? "critical" : "" }, dry_run ? `${state}, dry run` : state)),
    element("p", { class: "reason" }, [reason, outcome].filter(Boolean).join(" ")),
    foot("planned ", time(planned)),
  ]);
}

export function releases(list, marks) {
  fill(list, marks, "Nothing was released yet.", ({ kind, version, epoch, by, reason, time: moment }) => [
    element("p", {}, element("strong", {}, kind), version === null ? "" : ` version ${version}`, ` · epoch ${epoch}`),
    element("p", { class: "reason" }, reason),
    foot(time(moment), ` · ${by}`),
  ]);
}

export function slices(found) {
  const known = found.filter(({ value }) => Number.isFinite(value)).sort((one, other) => one.value - other.value);
  if (!known.length) return element("p", { class: "empty" }, "No slice has labels enough.");
  const percent = (share) => (100 * share).toFixed(1);
  const few = found.length - known.length;
  return element("div", {},
    bars(known.map(({ name, value, low, high, pairs }) => ({
      name: `${name}, ${pairs} pairs${Number.isFinite(low) ? `: ${percent(low)} to ${percent(high)}%` : ""}`, share: value, tone: "",
    }))),
    few ? foot(`${few} more with too few labels.`) : "");
}

export function account(rows) {
  const said = (count) => Number(count ?? 0).toLocaleString("en");
  return element("div", {},
    element("p", {}, `${said(rows.rows)} rows read = ${said(rows.in_windows)} in full windows + ${said(rows.waiting)} waiting + ${said(rows.shadows)} of shadows + ${rows.left_out ? `${said(rows.left_out)} of failed or doubled requests + ` : ""}${said(rows.repeated)} read twice. ${said(rows.damaged)} are damaged.${rows.late ? ` ${said(rows.late)} requests came too late to be read.` : ""}`),
    element("p", {}, `${said(rows.words)} words of feedback: ${said(rows.labelled)} labelled pairs, ${said(rows.disputed)} disputed; ${said(rows.damaged_words)} words are no label, ${said(rows.without_prediction)} about answers that the log does not hold.`));
}
