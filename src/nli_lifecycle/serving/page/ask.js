// Asking the service: JSON there and back, and errors that people can read.

import { problem } from "./elements.js";
import { onToken, toToken, token, tokenRefused } from "./token.js";

const PATIENCE_MS = 60_000;

export class ServiceError extends Error {
  constructor(status, message, { code = "", requestId = "", retryAfter = 0 } = {}) {
    super(message);
    Object.assign(this, { status, code, requestId, retryAfter });
  }
}

// body: undefined for GET. Throws ServiceError; an AbortError where `signal` was used.
export const ask = async (path, body, signal) => (await exchange(path, body, signal)).answer;

// Likewise, with the answer's headers.
export async function exchange(path, body, signal) {
  const headers = { Accept: "application/json" };
  const used = token();
  if (used !== null) headers.Authorization = `Bearer ${used}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const signals = [AbortSignal.timeout(PATIENCE_MS), ...(signal ? [signal] : [])];
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(signals),
    });
    answer = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServiceError(0, "The service cannot be reached. Is it running, and is the network up?");
  }
  if (response.status === 401) tokenRefused(used);
  let parsed = null;
  try {
    parsed = JSON.parse(answer);
  } catch {
    // A proxy in between may answer in HTML; the status says enough then.
  }
  if (response.ok && parsed !== null) return { answer: parsed, headers: response.headers };
  throw new ServiceError(
    response.status,
    parsed?.message ?? `The service answered with status ${response.status} and no message.`,
    {
      code: parsed?.error_code,
      requestId: parsed?.request_id,
      retryAfter: seconds(response.headers.get("Retry-After")),
    });
}

// Retry-After is a number of seconds or a date.
function seconds(given) {
  if (given === null) return 0;
  const wait = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
  return Math.max(0, Math.ceil(wait) || 0);
}

// A form that asks: the newest request wins, and errors are shown where its answer would be.
// prepare() returns what to send, or a sentence that says what is missing.
export function asking(form, output, path, prepare, show) {
  let current = null;
  let refused = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    current?.abort();
    const mine = (current = new AbortController());
    const body = prepare();
    const started = performance.now();
    refused = false;
    output.setAttribute("aria-busy", "true");
    try {
      if (typeof body === "string") throw new ServiceError(422, body);
      const answer = await ask(path, body, mine.signal);
      if (mine === current) show(answer, body, performance.now() - started);
    } catch (error) {
      if (mine !== current) return;
      refused = error.status === 401;
      output.replaceChildren(problem(error));
    } finally {
      if (mine === current) {
        output.removeAttribute("aria-busy");
        if (refused) toToken();
        else output.firstElementChild.scrollIntoView({ block: "nearest" }); // a phone's lower edge
      }
    }
  });
  onToken(() => {
    if (refused) form.requestSubmit();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}
