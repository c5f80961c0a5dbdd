/** What a network got and looked at, as pictures: one pixel a value, on a dark ground. */

/** matplotlib's viridis at 0, 0.05, ... 1: even in lightness, and legible to the color-blind. */
const VIRIDIS = [
  "440154 471365 482475 463480 414487 3b528b 355f8d",
  "2f6c8e 2a788e 25848e 21918c 1e9c89 22a884 2fb47c",
  "44bf70 5ec962 7ad151 9bd93c bddf26 dfe318 fde725",
]
  .flatMap((line) => line.split(" "))
  .map((color) => [0, 2, 4].map((place) => parseInt(color.slice(place, place + 2), 16)));
const WAVE = { width: 480, height: 160, band: 24 };

/** Paint one pixel for each place of `colors`, rows of [red, green, blue] from 0 to 255. */
function paint(canvas, colors) {
  canvas.height = colors.length;
  canvas.width = colors[0].length;
  const picture = new ImageData(canvas.width, canvas.height);
  colors.flat().forEach((color, place) => picture.data.set([...color, 255], 4 * place));
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** Return the color of `weight`, from 0 to 1. */
function viridis(weight) {
  const place = Math.max(0, Math.min(1, weight)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return mix(VIRIDIS[below], VIRIDIS[below + 1], place - below);
}

function mix(one, other, share) {
  return one.map((value, channel) => value + (other[channel] - value) * share);
}

/** Return least and largest of nested lists of numbers. */
export function range(values) {
  let least = Infinity;
  let largest = -Infinity;
  for (const value of values.flat(Infinity)) {
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  return [least, largest];
}

/** Return the function that takes least to 0 and largest to 1; equal ones all to 0. */
function rescaled([least, largest]) {
  return (value) => (value - least) / (largest - least || 1);
}

/** Return an image `[height][width][channels]` of any values as colors. */
function visible(image) {
  const share = rescaled(range(image));
  return image.map((row) =>
    row.map((pixel) => {
      const levels = pixel.map((value) => 255 * share(value));
      return levels.length === 3 ? levels : [levels[0], levels[0], levels[0]];
    }),
  );
}

export function paintImage(canvas, image) {
  paint(canvas, visible(image));
}

/** Paint `heat` `[height][width]` over the image, which turns gray. */
export function paintHeat(canvas, image, heat) {
  const gray = ([red, green, blue]) => 0.3 * red + 0.59 * green + 0.11 * blue;
  const pixels = visible(image).map((row, y) =>
    row.map((color, x) => mix(Array(3).fill(gray(color)), viridis(heat[y][x]), 0.6)),
  );
  paint(canvas, pixels);
}

/** Paint a map `[height][width]`, the smallest value dark and the largest bright. */
export function paintMap(canvas, map) {
  const share = rescaled(range(map));
  paint(canvas, map.map((row) => row.map((value) => viridis(share(value)))));
}

/** Put one picture for each of the maps `[height][width][maps]`, or `[steps][maps]`, into `box`. */
export function paintMaps(box, maps) {
  const flat = !Array.isArray(maps[0][0]);
  const rows = flat ? [maps] : maps;
  const share = rescaled(range(maps));
  const pictures = rows[0][0].map((_, map) => {
    const canvas = document.createElement("canvas");
    paint(canvas, rows.map((row) => row.map((values) => viridis(share(values[map])))));
    return canvas;
  });
  box.classList.toggle("strips", flat);
  box.replaceChildren(...pictures);
}

/** Paint a sound `[samples][1]` as a waveform, over a band of `heat` `[samples]` where given. */
export function paintWave(canvas, sound, heat) {
  canvas.width = WAVE.width;
  canvas.height = WAVE.height + (heat ? WAVE.band : 0);
  const context = canvas.getContext("2d");
  const values = sound.flat();
  const loudest = Math.max(...range(values).map(Math.abs)) || 1;
  const down = (value) => ((1 - value / loudest) * WAVE.height) / 2;
  for (let x = 0; x < WAVE.width; x++) {
    const [from, to] = [x, x + 1].map((edge) => Math.floor((edge * values.length) / WAVE.width));
    const part = [from, Math.max(from + 1, to)];
    const [low, high] = range(values.slice(...part));
    context.fillStyle = "white";
    context.fillRect(x, down(high), 1, Math.max(1.5, down(low) - down(high)));
    if (!heat) continue;
    context.fillStyle = css(viridis(range(heat.slice(...part))[1]));
    context.fillRect(x, WAVE.height, 1, WAVE.band);
  }
}

function css(color) {
  return `rgb(${color.map(Math.round).join(" ")})`;
}

/** Paint the colors from weight 0 to 1, from left to right. */
export function paintLegend(canvas) {
  const last = canvas.width - 1;
  paint(canvas, [Array.from({ length: canvas.width }, (_, x) => viridis(x / last))]);
}

/** Put the words into `box`, each shaded by its weight. */
export function shadeWords(box, words, heat) {
  const spelled = words.every((word) => [...word].length <= 1); // Characters hold their spaces.
  const pieces = words.flatMap((word, place) => {
    const mark = document.createElement("span");
    mark.textContent = word;
    mark.style.setProperty("--weight", heat[place]);
    return spelled || !place ? [mark] : [" ", mark];
  });
  box.replaceChildren(...pieces);
}
