// The environments: who is champion since when, what is under judgement, and the last decisions.

import { digest, element, facts, problem, time } from "./elements.js";

const list = document.getElementById("environments");
const fault = document.getElementById("environments-error");

export function showEnvironments({ environments }) {
  fault.replaceChildren();
  list.replaceChildren(...environments.map(card));
  if (environments.length === 0) list.append(element("p", { class: "empty" }, "The registry knows no environment."));
}

// What was shown before stays: the registry may be away for a while only.
export function environmentsFailed(error) {
  fault.replaceChildren(problem(error));
}

function card({ environment, model, champion, previous, candidate, frozen, decisions }) {
  const made = element("article", { class: "card" },
    element("h3", {}, environment), element("p", { class: "note" }, model));
  if (frozen) made.append(element("p", { class: "notice" }, element("strong", {}, "Frozen. "), frozen));
  made.append(facts([
    ["Champion", ...version(champion)],
    ...(champion ? [["Since", time(champion.since)], ["Epoch", String(champion.epoch)]] : []),
    ["Previous", ...version(previous)],
    ["Candidate", ...version(candidate), ...(candidate?.withdrawn ? [` withdrawn: ${candidate.withdrawn}`] : [])],
  ]));
  made.append(element("h4", {}, "Last decisions"));
  made.append(decisions.length
    ? element("ol", { class: "decisions" }, ...decisions.map(decision))
    : element("p", { class: "note" }, "None yet."));
  return made;
}

const version = (ref) => (ref ? [`version ${ref.version} `, digest(ref.digest)] : ["none"]);

function decision({ time: moment, kind, version: number, digest: whole, actor, reason, report }) {
  const head = element("p", {}, element("strong", {}, kind));
  if (number) head.append(` version ${number} `);
  if (whole) head.append(digest(whole));
  const foot = element("p", { class: "note" }, time(moment), ` · ${actor}`);
  if (report) foot.append(" · ", link(report));
  return element("li", {}, head, element("p", { class: "reason" }, reason), foot);
}

// Anything but http(s), such as javascript:, is shown and cannot be followed.
function link(address) {
  let protocol = "";
  try {
    ({ protocol } = new URL(address, location.href));
  } catch {
    // Not an address at all: shown as it is.
  }
  if (!["http:", "https:"].includes(protocol)) return element("code", {}, address);
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, "report");
}
