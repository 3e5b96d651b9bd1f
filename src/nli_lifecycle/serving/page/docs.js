// The API, from the service's own OpenAPI description: nothing is loaded from elsewhere.

import { capital, element, problem } from "./elements.js";

const DEEPEST = 8;
const main = document.getElementById("endpoints");

// A schema as JSON would look, types in the place of values.
export function sketch(schema, all, indent = "", depth = 0) {
  if (depth > DEEPEST) return "…";
  const inner = `${indent}  `;
  const below = (part) => sketch(part, all, inner, depth + 1);
  if (schema.$ref) return sketch(all[schema.$ref.split("/").pop()] ?? {}, all, indent, depth + 1);
  const options = schema.oneOf ?? schema.anyOf;
  if (options) return options.map((option) => sketch(option, all, indent, depth + 1)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.type === "array") return `[${sketch(schema.items ?? {}, all, indent, depth + 1)}, …]`;
  if (!schema.properties) return schema.type === "object" ? "{…}" : (schema.type ?? "anything");
  const required = schema.required ?? [];
  const rows = Object.entries(schema.properties).map(([name, part]) => {
    const left = required.includes(name) ? "" : "?";
    return `${inner}${JSON.stringify(name)}${left}: ${below(part)}`;
  });
  return `{\n${rows.join(",\n")}\n${indent}}`;
}

function curl(method, path, example, closed) {
  const parts = [`curl ${new URL(path.slice(1), document.baseURI)}`];
  if (method === "post" && example === undefined) parts.push("-X POST");
  if (closed) parts.push('-H "Authorization: Bearer $TOKEN"');
  if (example !== undefined) {
    parts.push("-H 'Content-Type: application/json'");
    parts.push(`-d '${JSON.stringify(example).replaceAll("'", "'\\''")}'`);
  }
  return parts.join(" \\\n  ");
}

const block = (title, text) => [element("h4", {}, title), element("pre", { tabindex: "0" }, text)];

function endpoint(method, path, { summary, description, requestBody, responses }, all) {
  const body = requestBody?.content?.["application/json"];
  const example = body?.example ?? Object.values(body?.examples ?? {})[0]?.value;
  const [good, ...bad] = Object.entries(responses);
  const answer = good[1].content?.["application/json"]?.schema;
  const made = element("details", { class: "card" },
    element("summary", {},
      element("code", {}, `${method.toUpperCase()} ${path}`), " ",
      element("span", { class: "note" }, summary ?? "")));
  if (description) made.append(element("p", { class: "said" }, description));
  made.append(...block("Ask", curl(method, path, example, "401" in responses)));
  if (body?.schema) made.append(...block("Body", sketch(body.schema, all)));
  if (answer) made.append(...block(`Answer, ${good[0]}`, sketch(answer, all)));
  if (bad.length) {
    made.append(element("h4", {}, "Other answers"), element("ul", { class: "others" },
      ...bad.map(([status, { description: said }]) => element("li", {}, element("code", {}, status), ` ${said}`))));
  }
  return made;
}

async function show() {
  const response = await fetch("openapi.json").catch(() => null);
  if (!response?.ok) {
    main.replaceChildren(problem({ status: response?.status ?? 0, message: "The description cannot be read." }));
    return;
  }
  const { paths, components } = await response.json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const group = operation.tags?.[0] ?? "other";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(endpoint(method, path, operation, components?.schemas ?? {}));
    }
  }
  main.replaceChildren(...[...groups].flatMap(([group, found]) => [element("h2", {}, capital(group)), ...found]));
}

show();
