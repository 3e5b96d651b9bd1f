// What this service does now: model, registry, shadow, queue, and the last minute's traffic.

import { chart, short } from "./charts.js";
import { digest, element, facts, time } from "./elements.js";

const now = document.getElementById("now");
const traffic = document.getElementById("traffic");
const served = document.getElementById("served");
const KEPT = 120; // looks remembered, for the p99 line

let slow = []; // [{t, y}]: the service gives p99 over its window only, so its line is remembered here

export function showStatus(status) {
  const { model, environment } = status;
  const place = environment ? `${environment} · ` : "";
  served.replaceChildren(...(model
    ? [`${place}${model.name} · version ${model.version} · `, digest(model.digest), ` · epoch ${model.epoch}`]
    : [`${place}no model yet: nothing was released`]));
  now.replaceChildren(modelCard(status), registryCard(status.registry), shadowCard(status.shadow), queueCard(status));
  traffic.replaceChildren(...charts(status.traffic, status.uptime_s));
}

const card = (title, ...rest) => element("div", { class: "card" }, element("h3", {}, title), ...rest);
const state = (good, text) => element("p", { class: `state ${good ? "good" : "bad"}` }, text);

function modelCard({ model, uptime_s }) {
  if (!model) return card("Model", state(false, "None: nothing was released yet"));
  return card("Model", element("p", { class: "state" }, `Version ${model.version}`), facts([
    ["Digest", digest(model.digest)],
    ["Epoch", String(model.epoch)],
    ["Up for", duration(uptime_s)],
  ]));
}

function registryCard({ reachable, looked, lag_epochs }) {
  return card("Registry",
    state(reachable, reachable ? "Reachable" : "Cannot be reached"),
    facts([["Last look", looked === null ? "none yet" : time(looked)], ["Behind", lag(lag_epochs)]]));
}

function lag(epochs) {
  if (epochs === null) return "unknown";
  return epochs === 0 ? "nothing" : `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
}

// shadow: {version, digest, epoch, share}, or null where no candidate answers beside the champion.
function shadowCard(shadow) {
  if (!shadow) {
    return card("Shadow", element("p", { class: "state" }, "Off"),
      element("p", { class: "note" }, "No candidate answers beside the champion."));
  }
  return card("Shadow", element("p", { class: "state" }, `Version ${shadow.version}, ${Number((100 * shadow.share).toFixed(1))}% of requests`),
    facts([["Digest", digest(shadow.digest)], ["Epoch", String(shadow.epoch)], ["Answers", "for the log only"]]));
}

function queueCard({ queue, traffic: { errors, window_s } }) {
  const full = queue.limit ? queue.pairs / queue.limit : 0;
  return card("Queue", state(full < 0.8, `${queue.pairs} of ${queue.limit} pairs`),
    facts([["Errors", `${errors} in ${window_s} s`]]));
}

function charts({ window_s, requests, pairs, p50_ms, p99_ms, series }, uptime) {
  const seconds = everySecond(series, window_s);
  const end = seconds[seconds.length - 1].t;
  slow = [...slow, { t: end, y: p99_ms }].filter(({ t }) => t > end - window_s).slice(-KEPT);
  const seen = Math.max(1, Math.min(window_s, uptime));
  const said = (value) => (value === null ? "–" : short(value));
  return [
    chart("Requests", short(requests / seen), "per s", seconds.map(({ t, requests: y }) => ({ t, y })), window_s),
    chart("Latency, p50", said(p50_ms), "ms", seconds.map(({ t, p50_ms: y }) => ({ t, y })), window_s),
    chart("Latency, p99", said(p99_ms), "ms", slow, window_s),
    card("In total", facts([["Requests", String(requests)], ["Pairs", String(pairs)]])),
  ];
}

// The series has a point per second that had requests; here is one for every second up to now.
function everySecond(series, span) {
  const last = series.length ? Math.floor(series[series.length - 1].t) : 0;
  const here = Math.floor(Date.now() / 1000) - 1; // the second that still runs would look like a dip
  // Where this machine's clock is ahead of the service's by more than the span, its time is no guide.
  const end = here >= last && (last === 0 || here < last + span) ? here : last;
  const found = new Map(series.map((point) => [Math.floor(point.t), point]));
  return Array.from({ length: span }, (_, at) => {
    const t = end - span + 1 + at;
    return found.get(t) ?? { t, requests: 0, p50_ms: null };
  });
}

function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}
