/** The server's responses: TensorFlow Serving's REST API and the list of models. */

import { Refusal } from "./refusal.js";

const LONGEST_WAIT = 60_000; // Milliseconds.
const EXPLAIN = "serving_explain";

const unexplained = new Set(); // Names of models that turned out not to have it.

/** Return what the page says about where answers come from. */
export function origin() {
  return "Everything runs on the server that this page came from; nothing is sent elsewhere.";
}

/** Return the served models: name, versions (latest first) and card of each. */
export async function listModels() {
  return (await request("v1/models")).models;
}

/**
 * Return the prediction for one input, with its explanation where the model has one.
 *
 * @param {string} name Of the model.
 * @param {string | Blob} input A text, or an encoded image or sound.
 * @param {AbortSignal} signal Ends the request.
 */
export async function predict(name, input, signal) {
  const instance = typeof input === "string" ? input : { b64: await base64(input) };
  const ask = async (signature_name) => {
    const body = JSON.stringify({ signature_name, instances: [instance] });
    const path = `v1/models/${encodeURIComponent(name)}:predict`;
    return (await request(path, { method: "POST", body }, signal)).predictions[0];
  };
  const plain = typeof instance === "string" ? "serving_default" : "serving_bytes";
  if (unexplained.has(name)) return ask(plain);
  try {
    return await ask(EXPLAIN);
  } catch (error) {
    // TensorFlow Serving, too, names the signature that an older export lacks.
    if (!(error instanceof Refusal) || !error.message.includes(EXPLAIN)) throw error;
    unexplained.add(name);
    return ask(plain);
  }
}

async function base64(blob) {
  const url = await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(new Refusal("The file cannot be read."));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}

async function request(path, options = {}, signal = new AbortController().signal) {
  const timeout = AbortSignal.timeout(LONGEST_WAIT);
  const headers = options.body ? { "Content-Type": "application/json" } : {};
  let response, text;
  try {
    response = await fetch(path, { ...options, headers, signal: AbortSignal.any([signal, timeout]) });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Refusal(
      timeout.aborted
        ? `The server did not respond within ${LONGEST_WAIT / 1000} seconds.`
        : "The server cannot be reached; is it still running?",
    );
  }
  const answer = parsed(text);
  if (response.ok && answer && !answer.error) return answer;
  throw new Refusal(answer?.error ?? `The server responded with HTTP status ${response.status}.`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
