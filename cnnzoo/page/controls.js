/** The controls that a model needs, and the metadata on its card. */

import { DIGITS, SENTENCES } from "./examples.js";

/** What the page says for each kind of input. */
export const WORDS = {
  drawings: {
    hint: "Draw here",
    file: "Open image",
    note: "An image can also be dropped or pasted.",
    accept: "image/*",
    waiting: "Draw something, and the prediction appears here.",
  },
  images: {
    hint: "Drop or paste an image",
    file: "Open image",
    note: "",
    accept: "image/*",
    waiting: "Choose an image, and the prediction appears here.",
  },
  sounds: {
    hint: "Drop an audio file",
    file: "Open audio file",
    note: "",
    accept: "audio/*",
    waiting: "Choose an audio file, and the prediction appears here.",
  },
  texts: { waiting: "Type a text and press Classify; the prediction appears here." },
};

const element = (id) => document.getElementById(id);

/** Return the kind of input that a model takes, by its card. */
export function kindOf({ input: { light_on_dark, sample_rate } }) {
  if (light_on_dark !== undefined) return light_on_dark ? "drawings" : "images";
  return sample_rate === undefined ? "texts" : "sounds";
}

export function showFacts({ card, versions }) {
  const { accuracy, examples } = card.metrics?.test ?? {};
  const classes = card.class_names;
  const facts = {
    Task: card.task[0].toUpperCase() + card.task.slice(1),
    "Data set": card.dataset,
    Classes: classes.length > 10 ? `${classes.length}` : classes.join(", "),
    "Test accuracy":
      accuracy === undefined
        ? "not measured"
        : `${(100 * accuracy).toFixed(2)}% on ${examples?.toLocaleString("en") ?? "the"} examples`,
    Parameters: card.params?.toLocaleString("en") ?? "not stated",
    ...(versions && { Version: versions[0] }),
  };
  const pairs = Object.entries(facts).map(([name, value]) => {
    const pair = document.createElement("div");
    pair.append(make("dt", { textContent: name }), make("dd", { textContent: value }));
    return pair;
  });
  element("facts").replaceChildren(...pairs);
}

export function showControls(kind) {
  const { file, note, accept } = WORDS[kind];
  element("files").hidden = kind === "texts";
  element("typing").hidden = kind !== "texts";
  for (const id of ["pad", "clear", "undo"]) element(id).hidden = kind !== "drawings";
  element("stage").classList.toggle("draws", kind === "drawings");
  if (kind === "texts") return;
  element("file-label").textContent = file;
  element("file-note").textContent = note;
  element("file").accept = accept;
}

/**
 * Show the examples for a model, each as a button.
 *
 * @param {(path: string) => void} draw Called with the strokes of a digit.
 * @param {(sentence: string) => void} type Called with its text.
 */
export function showExamples(card, draw, type) {
  const kind = kindOf(card);
  let buttons = [];
  if (kind === "drawings") {
    const digits = card.class_names.filter((name) => name in DIGITS);
    buttons = digits.map((digit) => digitButton(digit, () => draw(DIGITS[digit])));
  } else if (kind === "texts") {
    buttons = (SENTENCES[card.dataset] ?? []).map((sentence) => {
      const button = make("button", { type: "button", textContent: sentence });
      button.addEventListener("click", () => type(sentence));
      return button;
    });
  }
  element("examples").hidden = !buttons.length;
  element("examples").className = kind;
  element("example-buttons").replaceChildren(...buttons);
}

function digitButton(digit, draw) {
  const button = make("button", { type: "button", ariaLabel: `Draw a ${digit}` });
  const [picture, path] = ["svg", "path"].map((tag) =>
    document.createElementNS("http://www.w3.org/2000/svg", tag),
  );
  picture.setAttribute("viewBox", "0 0 280 280");
  picture.setAttribute("aria-hidden", "true");
  path.setAttribute("d", DIGITS[digit]);
  picture.append(path);
  button.append(picture);
  button.addEventListener("click", draw);
  return button;
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
