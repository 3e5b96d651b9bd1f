// Zero-shot: a text under labels of one's own.

import { asking } from "./ask.js";
import { answeredBy, bars, element, examples } from "./elements.js";

const EXAMPLES = [
  { name: "Match", text: "The striker scored twice in the last ten minutes of the final.", labels: ["sports", "politics", "cooking"] },
  { name: "Delivery", text: "My parcel arrived a week late and the box was torn.", labels: ["delivery", "damage", "price", "praise"], multi: true },
];

export function classify(panel) {
  const form = panel.querySelector("form");
  const output = panel.querySelector(".answer");
  const [text, template, multi] = ["text", "template", "multi"].map((id) => document.getElementById(id));
  const labels = chips(panel.querySelector(".chips"));

  asking(form, output, "classify",
    () => {
      const chosen = labels.take();
      if (chosen.length === 0) return "Give at least one label.";
      return { text: text.value, labels: chosen, template: template.value, multi_label: multi.checked };
    },
    (answer, asked, milliseconds) => {
      const { labels: sorted, scores } = answer.results[0];
      const rows = sorted.map((label, at) => ({ name: label, share: scores[at], tone: "label" }));
      output.replaceChildren(
        element("p", { class: "verdict" }, verdict(sorted, scores, asked.multi_label)),
        element("p", { class: "soft" }, asked.multi_label
          ? "Each label is scored on its own."
          : "One label fits: the scores add up to 100%."),
        bars(rows),
        answeredBy(answer, milliseconds));
    });

  examples(panel.querySelector(".examples"), EXAMPLES, (example) => {
    text.value = example.text;
    multi.checked = Boolean(example.multi);
    labels.set(example.labels);
    form.requestSubmit();
  });
}

function verdict(sorted, scores, multi) {
  if (!multi) return sorted[0];
  return sorted.filter((_, at) => scores[at] >= 0.5).join(", ") || "No label fits";
}

// An input whose words become chips. take(): all labels, what is still being typed included.
function chips(box) {
  const list = box.querySelector("ul");
  const input = box.querySelector("input");
  let chosen = [];

  function set(labels) {
    chosen = [...new Set(labels.map((label) => label.trim()).filter(Boolean))];
    list.replaceChildren(...chosen.map((label) => {
      const remove = element("button", { type: "button", "aria-label": `Remove ${label}` }, "×");
      remove.addEventListener("click", () => {
        set(chosen.filter((other) => other !== label));
        input.focus();
      });
      return element("li", {}, element("span", {}, label), remove);
    }));
  }

  function take() {
    set([...chosen, ...input.value.split(/[,\n]/)]);
    input.value = "";
    return chosen;
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && input.value.trim()) {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && input.value === "") {
      set(chosen.slice(0, -1));
    }
  });
  input.addEventListener("input", () => {
    if (input.value.includes(",")) take();
  });
  box.addEventListener("click", (event) => {
    if (event.target === box || event.target === list) input.focus();
  });
  return { set, take };
}
