/** The answers of the network in this file, in place of a server's. */

import { Refusal } from "../refusal.js";
import { rawImage } from "./image.js";
import { Network, unpacked } from "./network.js";
import { rawSound } from "./sound.js";
import { Tokenizer } from "./tokenizer.js";

const TOLERANCE = 1e-4; // Of a score, as for other formats.

const content = JSON.parse(document.getElementById("network").textContent);
const { card, checks } = content;
const tokenizer = content.tokenizer && new Tokenizer(content.tokenizer);
let network;
let found = ""; // What the check showed.

/** Return what the page says about where answers come from. */
export function origin() {
  return `Everything runs in this file, in your browser; nothing is sent anywhere. ${found}`;
}

/** Return the one network, once it is sure that this browser computes its scores. */
export async function listModels() {
  network = new Network(content, await unpacked(content.weights));
  check();
  return [{ name: card.name, card }];
}

/** Answer the examples that the export answered before, and compare. */
function check() {
  const differences = checks.map(({ input, outputs }) => {
    const raw = bytes(input);
    const { scores, known } = run(card.input.sample_rate ? new Int16Array(raw.buffer) : raw);
    const given = known === undefined ? scores : [...scores, known];
    return Math.max(...given.map((score, place) => Math.abs(score - outputs[place])));
  });
  const difference = Math.max(...differences);
  if (!(difference <= TOLERANCE)) {
    throw new Refusal(
      `This browser does not compute the model's scores: they differ by ${difference.toPrecision(2)}.`,
    );
  }
  found = `Checked in this browser on ${checks.length} examples: scores differ by at most ${difference.toExponential(1)}.`;
}

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Return the prediction for one input: `scores`, `known` and the `values` of all operations.
 *
 * @param {string} _ Name of the model.
 * @param {string | Blob} input A text, or an encoded image or sound.
 * @param {AbortSignal} signal Ends it.
 */
export async function predict(_, input, signal) {
  if (tokenizer) return run(input);
  const raw = await (card.input.sample_rate ? rawSound : rawImage)(input, card.input);
  signal.throwIfAborted();
  return run(raw);
}

/** @param {string | ArrayLike<number>} raw A text, string or bytes; or pixels or samples. */
function run(raw) {
  const start = performance.now();
  const { tokens, shape } = tokenizer ? tokenizer.batch([raw]) : {};
  const answer = tokenizer
    ? { ...network.run(tokens, [...shape, 1]), text: words(tokens) } // One row of steps.
    : network.run(raw, [1, ...card.input.shape].slice(-3));
  performance.measure("prediction", { start });
  return answer;
}

/** Return the word of each token; padding is empty. */
function words(tokens) {
  return Array.from(tokens, (token) =>
    token > 1 ? content.tokenizer.vocabulary[token - 2] : ["", "?"][token],
  );
}
