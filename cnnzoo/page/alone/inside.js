/** How the network sees an input: a unit's kernel on what its layer gets, and the sum it makes. */

import { paintMap, shadeWords } from "../pictures.js";
import { activation, channelOf, layersOf, mapOf, sumAt } from "./units.js";

const STEP = 160; // Milliseconds a place, where the kernel slides by itself.

const section = document.getElementById("inside");
section.innerHTML = `
  <h2 id="inside-heading">How it sees this</h2>
  <p class="note">Each unit of a layer has a kernel, which slides over what the layer gets. At each
    place, values and weights are multiplied; their sum is one number of the unit's map.</p>
  <div class="choice"><label for="layer">Layer</label><select id="layer"></select></div>
  <div id="units" role="group" aria-label="Units of the layer"></div>
  <div class="row" id="slider">
    <button type="button" id="slide">Slide</button>
    <input type="range" id="place" min="0" aria-label="Place of the kernel">
  </div>
  <p id="sum"></p>
  <div class="figures">
    <figure id="gets"><h3>What the layer gets</h3>
      <div class="frame"><canvas role="img"></canvas><i></i></div>
      <p class="words"></p><figcaption></figcaption></figure>
    <figure id="kernel"><h3>Value × weight</h3><table aria-label="What is added"></table><figcaption></figcaption></figure>
    <figure id="map"><h3>Its map</h3>
      <div class="frame"><canvas role="img"></canvas><i></i></div><figcaption></figcaption></figure>
  </div>`;

const find = (selector) => section.querySelector(selector);
const [layerChoice, placeSlider, slideButton] = ["#layer", "#place", "#slide"].map(find);

let prediction; // The one that is shown.
let layers = []; // Its convolutions.
let unit = 0;
let timer; // Of the sliding.

layerChoice.addEventListener("change", () => showLayer(0));
placeSlider.addEventListener("input", () => showPlace());
slideButton.addEventListener("click", () => (timer ? stop() : slide()));
for (const frame of section.querySelectorAll(".frame")) {
  for (const type of ["pointerdown", "pointermove"]) frame.addEventListener(type, point);
}

/** Show the units that made a prediction, or nothing without one. */
export function showInside(found) {
  prediction = found;
  layers = found ? layersOf(found) : [];
  section.hidden = !layers.length;
  if (section.hidden) {
    stop();
    return;
  }
  const names = layers.map(({ operation, shape: [, height, width, count] }) => {
    const size = height === 1 ? `${width} steps` : `${height} × ${width}`;
    return `${operation.name}: ${count} units, ${size}`;
  });
  const chosen = Math.max(layerChoice.selectedIndex, 0);
  layerChoice.replaceChildren(...names.map((name, place) => new Option(name, place)));
  layerChoice.selectedIndex = Math.min(chosen, layers.length - 1);
  showLayer(unit);
}

const layer = () => layers[layerChoice.selectedIndex];

function showLayer(wanted) {
  const { shape } = layer();
  const buttons = Array.from({ length: shape[3] }, (_, number) => {
    const [button, canvas] = ["button", "canvas"].map((tag) => document.createElement(tag));
    button.type = "button";
    button.ariaLabel = `Unit ${number + 1}`;
    paintMap(canvas, mapOf(layer(), number));
    button.append(canvas);
    button.addEventListener("click", () => showUnit(number));
    return button;
  });
  find("#units").classList.toggle("strips", shape[1] === 1);
  find("#units").replaceChildren(...buttons);
  showUnit(Math.min(wanted, shape[3] - 1));
}

function showUnit(number) {
  unit = number;
  [...find("#units").children].forEach((one, place) => (one.ariaPressed = place === unit));
  const [, height, width] = layer().shape;
  const map = mapOf(layer(), unit);
  placeSlider.max = height * width - 1;
  if (!timer) placeSlider.value = strongest(map.flat());
  paintMap(find("#map canvas"), map);
  describe("#map", `Map of unit ${unit + 1}`, `Unit ${unit + 1} of ${layer().operation.name}, ` +
    `${height === 1 ? width : `${height} × ${width}`} numbers: small is dark, large bright.`);
  showInput();
  showPlace();
}

const strongest = (values) => values.indexOf(values.reduce((one, other) => Math.max(one, other)));

/** Show the channel on which the unit's weights are largest; of texts, nothing but words. */
function showInput() {
  const { input } = layer();
  find("#gets .frame").hidden = Boolean(prediction.text);
  find("#gets .words").hidden = !prediction.text;
  if (prediction.text) return;
  const channel = channelOf(layer(), unit);
  paintMap(find("#gets canvas"), mapOf({ shape: input.shape, map: input }, channel));
  const count = input.shape[3];
  const which = count > 1 ? `Channel ${channel + 1} of ${count}, on which its weights are largest` : "One channel";
  describe("#gets", `What the layer gets, channel ${channel + 1}`, `${which}; the frame is the kernel.`);
}

function showPlace() {
  const [, , width] = layer().shape;
  const [row, column] = [Math.floor(placeSlider.value / width), placeSlider.value % width];
  const sum = sumAt(layer(), unit, row, column);
  const { top, left, tall, wide, total, bias, value } = sum;
  outline("#map", layer().shape, row, column, 1, 1);
  outline("#gets", layer().input.shape, top, left, tall, wide);
  const change = activation(layer());
  const after = change ? `; ${change} makes it ${number(value)}` : "";
  const parts = prediction.text
    ? [`${number(total - bias)} (these words)`]
    : layer().operation.weights.kernel[2] === 1
      ? [`${number(sum.here)} (the products)`]
      : [`${number(sum.here)} (this channel)`, `${number(total - bias - sum.here)} (the others)`];
  const terms = [...parts, `${number(bias)} (bias)`].join(" + ");
  find("#sum").textContent = `${terms} = ${number(total)}${after}.`;
  const where = layer().shape[1] === 1 ? `place ${column + 1}` : `row ${row + 1}, column ${column + 1}`;
  placeSlider.setAttribute("aria-valuetext", `${where}: ${number(value)}`);
  if (prediction.text) showWords(sum);
  else showProducts(sum);
}

function showProducts({ rows }) {
  const largest = Math.max(...rows.flat().map(({ weight }) => Math.abs(weight))) || 1;
  fill(rows.map((cells) =>
    cells.map(({ value, weight }) => {
      const cell = document.createElement("td");
      cell.append(number(value), document.createElement("br"), `× ${number(weight)}`);
      cell.className = weight < 0 ? "minus" : "plus";
      cell.style.setProperty("--weight", Math.abs(weight) / largest);
      return cell;
    }),
  ));
  find("#kernel figcaption").textContent =
    "Blue weights are positive, orange ones negative; their products are added.";
}

/** Show the words that the kernel is on, and what each adds. */
function showWords({ left, shares }) {
  const within = (place) => place >= left && place < left + shares.length;
  const words = prediction.text;
  shadeWords(find("#gets .words"), words, words.map((_, place) => (within(place) ? 1 : 0)));
  find("#gets figcaption").textContent = "The words on which the kernel is are shaded.";
  fill(shares.map((share, place) => {
    const [name, cell] = ["th", "td"].map((tag) => document.createElement(tag));
    name.scope = "row";
    name.textContent = words[left + place] || "(nothing)";
    cell.textContent = number(share);
    return [name, cell];
  }));
  find("#kernel h3").textContent = "What each word adds";
  find("#kernel figcaption").textContent = "The sum of its vector's values times the weights.";
}

function fill(rows) {
  const lines = rows.map((cells) => {
    const line = document.createElement("tr");
    line.append(...cells);
    return line;
  });
  find("#kernel table").replaceChildren(...lines);
}

/** Lay the frame of a figure on some of the places of its picture. */
function outline(figure, [, height, width], top, left, tall, wide) {
  const sides = { left: left / width, top: top / height, width: wide / width, height: tall / height };
  for (const [side, share] of Object.entries(sides)) {
    find(`${figure} i`).style[side] = `${100 * share}%`;
  }
}

function point({ type, buttons, clientX, clientY, currentTarget }) {
  if (type === "pointermove" && !buttons) return;
  const [, height, width] = layer().shape;
  const box = currentTarget.getBoundingClientRect();
  const at = (share, side) => Math.max(0, Math.min(side - 1, Math.floor(share * side)));
  const row = at((clientY - box.top) / box.height, height);
  placeSlider.value = row * width + at((clientX - box.left) / box.width, width);
  stop();
  showPlace();
}

function slide() {
  slideButton.textContent = "Stop";
  timer = setInterval(() => {
    placeSlider.value = (Number(placeSlider.value) + 1) % (Number(placeSlider.max) + 1);
    showPlace();
  }, STEP);
}

function stop() {
  clearInterval(timer);
  timer = undefined;
  slideButton.textContent = "Slide";
}

function describe(figure, name, caption) {
  find(`${figure} canvas`).ariaLabel = name;
  find(`${figure} figcaption`).textContent = caption;
}

function number(value) {
  return value.toFixed(2).replace("-", "−");
}
