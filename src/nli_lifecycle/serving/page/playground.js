// Playground: one pair, its three probabilities, which model answered, and whether it was right.

import { ask, asking } from "./ask.js";
import { LABELS, answeredBy, capital, element, examples, percent, probabilities, problem, tone } from "./elements.js";

const EXAMPLES = [
  { name: "Guitar", premise: "A man plays the guitar on a crowded stage.", hypothesis: "Somebody is making music." },
  { name: "Dogs", premise: "Two dogs chase each other through the snow.", hypothesis: "The dogs are asleep by the fire." },
  { name: "Budget", premise: "After a long debate the council approved the budget.", hypothesis: "The vote was unanimous." },
  { name: "Eggs", premise: "The recipe needs exactly three eggs.", hypothesis: "The recipe needs at least two eggs." },
  { name: "Finnish", premise: "Nobody in the office speaks Finnish.", hypothesis: "Some of the staff speak Finnish." },
];
const SENTENCES = {
  entailment: "The hypothesis follows from the premise.",
  neutral: "The premise leaves it open.",
  contradiction: "The hypothesis cannot be true if the premise is.",
};

export function playground(panel) {
  const form = panel.querySelector("form");
  const output = panel.querySelector(".answer");
  const [premise, hypothesis] = form.querySelectorAll("textarea");
  const feedback = document.getElementById("feedback");

  asking(form, output, "predict",
    () => {
      feedback.hidden = true;
      return { premise: premise.value, hypothesis: hypothesis.value };
    },
    (answer, _, milliseconds) => {
      const { label, probabilities: found } = answer.predictions[0];
      output.replaceChildren(
        element("p", { class: `verdict ${tone(label)}` }, capital(label),
          element("span", { class: "sure" }, percent(found[label]))),
        element("p", { class: "soft" }, SENTENCES[label] ?? ""),
        probabilities(found),
        answeredBy(answer, milliseconds));
      offerFeedback(feedback, answer.request_id, label);
    });

  examples(panel.querySelector(".examples"), EXAMPLES, (example) => {
    premise.value = example.premise;
    hypothesis.value = example.hypothesis;
    form.requestSubmit();
  });
}

function offerFeedback(feedback, requestId, answered) {
  const choices = feedback.querySelector(".choices");
  const said = document.getElementById("feedback-said");
  const others = LABELS.filter((label) => label !== answered);
  choices.replaceChildren();
  said.textContent = "";
  for (const label of [answered, ...others]) {
    const text = label === answered ? `Yes, ${label}` : `No, ${label}`;
    const button = element("button", { type: "button", "aria-pressed": "false" }, text);
    button.addEventListener("click", async () => {
      try {
        const { status } = await ask("feedback", { request_id: requestId, position: 0, label, source: "page" });
        for (const other of choices.children) other.setAttribute("aria-pressed", String(other === button));
        said.textContent = status === "known" ? "Recorded before." : `Recorded: ${label}. Thank you.`;
      } catch (error) {
        said.replaceChildren(problem(error));
      }
    });
    choices.append(button);
  }
  feedback.hidden = false;
}
