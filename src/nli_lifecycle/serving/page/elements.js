// Pieces of the page. Text enters as text nodes only, so nothing that is shown can become markup.

export const LABELS = ["entailment", "neutral", "contradiction"];

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const percent = (share) => `${(100 * share).toFixed(1)}%`;
export const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

// A label's own class where it is one of the three; what the service says is never used as a class.
export const tone = (label) => (LABELS.includes(label) ? label : "neutral");

export function digest(whole) {
  return element("code", { title: whole }, whole.replace(/^sha256:/, "").slice(0, 12));
}

export function time(value) {
  const moment = new Date(typeof value === "number" ? value * 1000 : value);
  if (Number.isNaN(moment.getTime())) return String(value);
  const shown = moment.toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });
  return element("time", { datetime: moment.toISOString(), title: moment.toISOString() }, shown);
}

// rows: [{name, share, tone}], share between 0 and 1.
export function bars(rows) {
  const list = element("ul", { class: "bars" });
  for (const row of rows) {
    const fill = element("span", { class: "fill" });
    fill.style.setProperty("--share", row.share);
    list.append(
      element("li", { class: row.tone },
        element("span", { class: "name" }, row.name),
        element("span", { class: "track", "aria-hidden": "true" }, fill),
        element("span", { class: "number" }, percent(row.share))));
  }
  return list;
}

export function probabilities(found) {
  return bars(LABELS.map((label) => ({ name: label, share: found[label], tone: label })));
}

export function facts(rows) {
  const list = element("dl", { class: "facts" });
  for (const [name, ...value] of rows) {
    list.append(element("dt", {}, name), element("dd", {}, ...value));
  }
  return list;
}

// Which model answered, and under which request id the service knows it.
export function answeredBy({ model, request_id }, milliseconds) {
  return facts([
    ["Model", model.name],
    ["Version", `${model.version} `, digest(model.digest)],
    ["Epoch", String(model.epoch)],
    ["Request", element("code", {}, request_id)],
    ["Took", `${Math.round(milliseconds)} ms, there and back`],
  ]);
}

const TITLES = {
  0: "No answer",
  401: "A token is needed",
  403: "This token does not allow it",
  413: "Too large",
  429: "The service is busy",
  503: "The service cannot answer at the moment",
};

export function problem(error) {
  if (error.status === undefined) throw error; // a fault of this page, not an answer
  const shown = element("div", { class: "notice bad", role: "alert" },
    element("strong", {}, TITLES[error.status] ?? "That did not work"),
    element("p", {}, error.message));
  if (error.retryAfter) shown.append(element("p", {}, `Try again in ${error.retryAfter} s.`));
  if (error.code) {
    shown.append(element("p", { class: "note" }, [error.code, error.requestId].filter(Boolean).join(" · ")));
  }
  return shown;
}

export function examples(group, found, take) {
  for (const example of found) {
    const button = element("button", { type: "button" }, example.name);
    button.addEventListener("click", () => take(example));
    group.append(button);
  }
}
