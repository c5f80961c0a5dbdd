/** The section that shows what happened inside the model, everything also in words. */

import { paintHeat, paintImage, paintLegend, paintMaps, paintWave, range, shadeWords } from "./pictures.js";

const ROWS = ["top", "middle", "bottom"];
const COLUMNS = ["left", "center", "right"];

const section = document.getElementById("inside");
const gets = section.querySelector("#gets");
const looked = section.querySelector("#looked");
const maps = section.querySelector("#maps");

paintLegend(section.querySelector(".legend canvas"));

/** Show the explanation in `prediction`, or nothing where it has none. */
export function showInside(prediction, card) {
  section.hidden = !prediction?.heat;
  if (section.hidden) return;
  gets.hidden = !prediction.network_input;
  maps.hidden = !prediction.feature_maps;
  looked.querySelector("canvas").hidden = !prediction.network_input;
  looked.classList.toggle("text", !prediction.network_input);
  looked.querySelector(".words").replaceChildren();
  if (prediction.tokens) showWords(prediction);
  else if (Array.isArray(prediction.heat[0])) showImage(prediction);
  else showSound(prediction, card.input.sample_rate);
  if (prediction.feature_maps) showMaps(prediction.feature_maps);
}

function showImage({ network_input: image, heat }) {
  const size = `${image[0].length} × ${image.length}`;
  paintImage(gets.querySelector("canvas"), image);
  describe(gets, "canvas", `The input: ${size} pixels.`, `${size} pixels, ${values(image)}.`);
  paintHeat(looked.querySelector("canvas"), image, heat);
  describe(looked, "canvas", "Heat map over the input.", place(heat));
}

function showSound({ network_input: sound, heat }, rate) {
  const seconds = (step) => `${(step / rate).toFixed(2)} seconds`;
  paintWave(gets.querySelector("canvas"), sound);
  const size = `${sound.length.toLocaleString("en")} samples, ${seconds(sound.length)}`;
  describe(gets, "canvas", `Waveform of ${size}.`, `${size}, ${values(sound)}.`);
  paintWave(looked.querySelector("canvas"), sound, heat);
  const most = `Most weight lies at ${seconds(heat.indexOf(range(heat)[1]))}.`;
  describe(looked, "canvas", "Waveform, colored by weight.", most);
}

function showWords({ tokens, heat }) {
  const length = tokens.findLastIndex((token) => token !== "") + 1;
  const words = tokens.slice(0, length);
  shadeWords(looked.querySelector(".words"), words, heat);
  const first = [...words.keys()].sort((one, other) => heat[other] - heat[one]).slice(0, 3);
  const named = first.map((id) => `“${words[id]}”`).join(", ");
  const rest = `${length} of ${tokens.length} places are filled, the rest is padding.`;
  looked.querySelector("figcaption").textContent = `Most weight: ${named}. ${rest}`;
}

function showMaps(values) {
  const flat = !Array.isArray(values[0][0]);
  const count = flat ? values[0].length : values[0][0].length;
  const size = flat ? `${values.length} steps` : `${values[0].length} × ${values.length} values`;
  const [least, largest] = range(values).map(rounded);
  paintMaps(maps.querySelector("div"), values);
  const what = `${count} of the last convolution, ${size} each`;
  describe(maps, "div", `Feature maps: ${what}.`, `${what}: ${least} is dark, ${largest} bright.`);
}

function describe(figure, picture, name, caption) {
  figure.querySelector(picture).ariaLabel = name;
  figure.querySelector("figcaption").textContent = caption;
}

function values(input) {
  const [least, largest] = range(input).map(rounded);
  return `values from ${least} to ${largest}`;
}

function rounded(value) {
  return value.toFixed(1).replace("-", "−");
}

/** Say which ninth of the image has the most heat. */
function place(heat) {
  const sums = new Map();
  const third = (step, steps) => Math.floor((3 * step) / steps);
  heat.forEach((row, y) =>
    row.forEach((weight, x) => {
      const ninth = `${ROWS[third(y, heat.length)]} ${COLUMNS[third(x, row.length)]}`;
      sums.set(ninth, (sums.get(ninth) ?? 0) + weight);
    }),
  );
  const [most] = [...sums.keys()].sort((one, other) => sums.get(other) - sums.get(one));
  if (!sums.get(most)) return "No part of it has weight.";
  return `Most weight lies ${most === "middle center" ? "in the middle" : `at the ${most}`}.`;
}
