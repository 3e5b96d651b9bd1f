// Document check: a verdict for each claim, its evidence marked in the document.

import { asking } from "./ask.js";
import { answeredBy, capital, element, examples, percent, probabilities, tone } from "./elements.js";

const EXAMPLES = [
  {
    name: "Bridge",
    document:
      "The old bridge was closed in March after engineers found cracks in two pillars. " +
      "Repairs will take about eight months and cost four million euros. " +
      "Until then a free ferry carries pedestrians and cyclists across the river.",
    claims: "The bridge is closed.\nRepairs will be finished within a week.\nThe ferry also carries cars.",
  },
];

export function check(panel) {
  const form = panel.querySelector("form");
  const output = panel.querySelector(".answer");
  const [text, claims] = form.querySelectorAll("textarea");

  asking(form, output, "check",
    () => {
      const given = claims.value.split("\n").map((claim) => claim.trim()).filter(Boolean);
      if (given.length === 0) return "Give at least one claim, one per line.";
      return { document: text.value, claims: given };
    },
    (answer, asked, milliseconds) => show(output, answer, asked, milliseconds));

  examples(panel.querySelector(".examples"), EXAMPLES, (example) => {
    text.value = example.document;
    claims.value = example.claims;
    form.requestSubmit();
  });
}

function show(output, answer, asked, milliseconds) {
  const points = Array.from(asked.document); // offsets count code points, strings UTF-16 units
  const shown = element("div", {
    class: "document", role: "group", "aria-label": "Document with the evidence marked", tabindex: "0",
  });
  const verdicts = element("ol", { class: "claims" });
  const buttons = answer.results.map((result, at) => {
    const button = element("button", { type: "button", "aria-pressed": "false" },
      element("span", { class: `mark ${tone(result.label)}` },
        `${capital(result.label)} ${percent(result.probabilities[result.label])}`),
      element("span", { class: "claim" }, asked.claims[at]));
    button.addEventListener("click", () => choose(result, button));
    verdicts.append(element("li", {}, button, details(result)));
    return button;
  });

  function choose(result, button) {
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    shown.replaceChildren(...marked(points, result.evidence, result.label));
    const mark = shown.querySelector("mark");
    // Only this box scrolls: the claim that was clicked stays under the pointer.
    shown.scrollTop = mark ? mark.offsetTop - shown.clientHeight / 3 : 0;
  }

  output.replaceChildren(
    element("div", { class: "two" },
      element("div", {}, element("h2", {}, "Document"), shown),
      element("div", {}, element("h2", {}, "Claims"), verdicts, answeredBy(answer, milliseconds))));
  if (buttons.length) choose(answer.results[0], buttons[0]);
}

function details(result) {
  const list = element("ul", { class: "evidence" });
  for (const found of result.evidence) {
    list.append(element("li", {}, element("q", {}, found.text)));
  }
  const rest = result.evidence.length
    ? list
    : element("p", { class: "note" }, "No sentence speaks for or against it.");
  return element("details", {},
    element("summary", {}, "Evidence and probabilities"), rest, probabilities(result.probabilities));
}

// The document in pieces, each evidence sentence in a <mark> of the claim's label; overlaps once.
export function marked(points, evidence, label) {
  const pieces = [];
  let at = 0;
  for (const found of [...evidence].sort((one, other) => one.start - other.start)) {
    const start = Math.max(found.start, at);
    if (found.end <= start) continue;
    pieces.push(points.slice(at, start).join(""));
    pieces.push(element("mark", { class: tone(label) }, points.slice(start, found.end).join("")));
    at = found.end;
  }
  pieces.push(points.slice(at).join(""));
  return pieces;
}
