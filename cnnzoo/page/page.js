/** The page: choose a model, give it an input, see what it predicts and what it looked at. */

import { showAnswer } from "./answer.js";
import { listModels, origin, predict } from "./api.js";
import { Asker } from "./asker.js";
import { kindOf, showControls, showExamples, showFacts, WORDS } from "./controls.js";
import { image, sound } from "./files.js";
import { showInside } from "./inside.js";
import { Pad } from "./pad.js";
import { Refusal } from "./refusal.js";

const DRAWING_REST = 120; // Milliseconds between looks at a drawing.
const PREVIEW_SIDE = 640; // Pixels at most, of an image that is shown.
const READING_REST = 800; // Milliseconds without change before an answer is read aloud.

const element = (id) => document.getElementById(id);
const pad = new Pad(element("pad"), drawn);
const asker = new Asker(show, fail);

let models = [];
let model; // The chosen one.
let question; // About what was given last, if anything.
let look; // Timer of the next look at a drawing.
let reading; // Timer of the next reading aloud.

listen();
start();

async function start() {
  try {
    models = (await listModels()).filter(({ card }) => card);
    if (!models.length) throw new Refusal("No model is served yet; export one, then reload.");
  } catch (error) {
    fail(error);
    return;
  }
  element("origin").textContent = origin();
  element("model").append(...models.map(({ name }) => new Option(name)));
  element("model").disabled = false;
  choose();
}

function listen() {
  element("model").addEventListener("change", choose);
  element("clear").addEventListener("click", () => pad.clear());
  element("undo").addEventListener("click", () => pad.undo());
  element("file").addEventListener("change", ({ target }) => {
    take(target.files[0]);
    target.value = ""; // The same file may be chosen again.
  });
  element("typing").addEventListener("submit", (event) => {
    event.preventDefault();
    askText();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    if (event.key === "Enter" && event.target === element("text")) askText();
    if (event.key === "z" && kind() === "drawings") pad.undo();
  });
  document.addEventListener("paste", ({ clipboardData }) => take(clipboardData.files[0]));
  for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, drag);
}

function drag(event) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault(); // Else the browser opens the file in place of the page.
  element("stage").classList.toggle("over", event.type === "dragover");
  if (event.type === "drop") take(event.dataTransfer.files[0]);
}

/** Show the chosen model; an input that it can take too is classified again. */
function choose() {
  const before = kind();
  model = models.find(({ name }) => name === element("model").value);
  showFacts(model);
  showExamples(model.card, (path) => pad.draw(path), typeExample);
  if (kind() === before) {
    forget();
    if (question) ask();
  } else {
    showControls(kind());
    reset();
  }
}

function kind() {
  return model && kindOf(model.card);
}

function ask() {
  if (element("result").hidden) element("waiting").textContent = "Classifying…";
  asker.ask(question);
}

/** Clear all input. */
function reset() {
  pad.clear(); // Which calls `drawn`.
}

function drawn() {
  if (question !== askDrawing || pad.empty) forget();
  question = pad.empty ? undefined : askDrawing;
  element("preview").hidden = true;
  showHint(pad.empty ? (WORDS[kind()].hint ?? "") : "");
  if (question) look ??= setTimeout(lookAtDrawing, DRAWING_REST);
}

function lookAtDrawing() {
  look = undefined;
  ask();
}

async function askDrawing(signal) {
  return predict(model.name, await pad.png(), signal);
}

function take(file) {
  if (!file || !model) return;
  reset();
  if (kind() === "texts") {
    fail(new Refusal("This model takes text; type some."));
    return;
  }
  question = async (signal) => {
    const blob = await (kind() === "sounds" ? soundIn(file, signal) : imageIn(file, signal));
    return predict(model.name, blob, signal);
  };
  ask();
}

async function soundIn(file, signal) {
  const { shape, sample_rate } = model.card.input;
  const blob = await sound(file, sample_rate, shape[0]);
  signal.throwIfAborted();
  showHint(file.name);
  return blob;
}

async function imageIn(file, signal) {
  const { bitmap, blob } = await image(file);
  signal.throwIfAborted();
  showHint("");
  const preview = element("preview");
  const scale = Math.min(1, PREVIEW_SIDE / Math.max(bitmap.width, bitmap.height));
  preview.width = Math.max(1, scale * bitmap.width);
  preview.height = Math.max(1, scale * bitmap.height);
  preview.getContext("2d").drawImage(bitmap, 0, 0, preview.width, preview.height);
  bitmap.close();
  preview.ariaLabel = `Your image: ${file.name}`;
  preview.hidden = false;
  return blob;
}

function showHint(text) {
  element("hint").textContent = text;
  element("hint").hidden = !text;
}

function typeExample(sentence) {
  element("text").value = sentence;
  askText();
}

function askText() {
  const text = element("text").value.trim();
  forget();
  question = text ? (signal) => predict(model.name, text, signal) : undefined;
  if (question) ask();
  else fail(new Refusal("Type some text first."));
}

function show(prediction) {
  const sentence = showAnswer(prediction, model.card);
  showInside(prediction, model.card);
  element("error").textContent = element("waiting").textContent = "";
  element("result").hidden = false;
  readAloud(sentence);
}

function fail(error) {
  const expected = error instanceof Refusal;
  if (!expected) console.error(error);
  clearAnswer();
  element("error").textContent = expected ? error.message : `The page failed: ${error.message}.`;
}

/** Clear the prediction, and cancel requests in progress. */
function forget() {
  clearTimeout(look);
  look = undefined;
  asker.stop();
  clearAnswer();
  if (model) element("waiting").textContent = WORDS[kind()].waiting;
}

function clearAnswer() {
  element("result").hidden = true;
  element("error").textContent = element("waiting").textContent = "";
  showInside();
  readAloud("");
}

/** Put `sentence` where screen readers say it, once it has stood for a while. */
function readAloud(sentence) {
  clearTimeout(reading);
  reading = setTimeout(() => (element("spoken").textContent = sentence), READING_REST);
}
