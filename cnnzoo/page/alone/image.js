/** Images to the pixels that a network takes, as cnnzoo's own decoder does it: all in integers. */

const BITS = 22; // Of a weight of Pillow's resizing, after the point.
const GRAY = [19595, 38470, 7471]; // ITU-R 601, in 65,536ths.

/**
 * Return the raw pixels, Uint8Array, of an encoded image.
 *
 * @param {Blob} blob
 * @param {object} facts Of the input, from the card: shape, light_on_dark and resizing.
 */
export async function rawImage(blob, { shape, light_on_dark, resizing = "pad" }) {
  const plain = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(blob, plain);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  return fitted(inChannels(pixels, shape[2]), shape, light_on_dark, resizing).data;
}

/** Return an image on white, in gray or in color. */
function inChannels({ data, width, height }, channels) {
  const found = { data: new Uint8Array(width * height * channels), width, height, channels };
  for (let place = 0; place < width * height; place++) {
    const opaque = data[4 * place + 3];
    const onWhite = (channel) =>
      Math.floor((data[4 * place + channel] * opaque + 255 * (255 - opaque) + 127) / 255);
    const color = [0, 1, 2].map(onWhite);
    if (channels === 3) found.data.set(color, 3 * place);
    else found.data[place] = (GRAY.reduce((sum, by, i) => sum + by * color[i], 0) + 0x8000) >> 16;
  }
  return found;
}

function fitted(image, shape, lightOnDark, resizing) {
  const [height, width] = shape;
  const fits = ({ height: rows, width: columns }) => rows === height && columns === width;
  if (lightOnDark) {
    image = onDark(image);
    if (!fits(image)) image = withMargin(image);
  }
  if (fits(image)) return image;
  return resizing === "crop" ? cropped(image, height, width) : padded(image, height, width);
}

/** Return all numbers on the border; corners count twice. */
function border({ data, width, height, channels }) {
  const line = width * channels;
  const found = [...data.subarray(0, line), ...data.subarray((height - 1) * line)];
  for (let row = 0; row < height; row++) {
    found.push(...data.subarray(row * line, row * line + channels));
    found.push(...data.subarray((row + 1) * line - channels, (row + 1) * line));
  }
  return found;
}

/** Invert a drawing with a light border. */
function onDark(image) {
  const edge = border(image);
  const light = 2 * edge.reduce((sum, value) => sum + value, 0) > 255 * edge.length;
  return light ? { ...image, data: image.data.map((value) => 255 - value) } : image;
}

/** Cut a drawing to its ink, and add the margin of MNIST's digits. */
function withMargin({ data, width, height, channels }) {
  const most = data.reduce((one, other) => Math.max(one, other), 0);
  if (!most) return { data, width, height, channels };
  let [top, left, bottom, right] = [height, width, 0, 0];
  data.forEach((value, place) => {
    if (2 * value <= most) return;
    const pixel = Math.floor(place / channels);
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    [top, left] = [Math.min(top, y), Math.min(left, x)];
    [bottom, right] = [Math.max(bottom, y + 1), Math.max(right, x + 1)];
  });
  const margin = Math.floor((2 * Math.max(bottom - top, right - left) + 5) / 10);
  const size = { width: right - left + 2 * margin, height: bottom - top + 2 * margin, channels };
  const found = { ...size, data: new Uint8Array(size.width * size.height * channels) };
  for (let y = top; y < bottom; y++) {
    const line = data.subarray((y * width + left) * channels, (y * width + right) * channels);
    found.data.set(line, ((y - top + margin) * size.width + margin) * channels);
  }
  return found;
}

/** Resize a whole image without distortion, and fill up with its border's mean color. */
function padded(image, height, width) {
  const near = (side, by, to) => Math.max(Math.floor((2 * side * to + by) / (2 * by)), 1);
  const tall = height * image.width <= width * image.height;
  const rows = tall ? height : near(image.height, image.width, width);
  const columns = tall ? near(image.width, image.height, height) : width;
  const { channels } = image;
  const edge = border(image);
  const count = edge.length / channels;
  const color = Array.from({ length: channels }, (_, channel) => {
    const sum = edge.reduce((all, value, place) => all + (place % channels === channel) * value, 0);
    return Math.floor((2 * sum + count) / (2 * count));
  });
  const size = { width, height, channels };
  const found = { ...size, data: new Uint8Array(height * width * channels) };
  found.data.forEach((_, place) => (found.data[place] = color[place % channels]));
  const small = resized(image, rows, columns, [0, 0, image.width, image.height]);
  const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
  for (let y = 0; y < rows; y++) {
    const line = small.data.subarray(y * columns * channels, (y + 1) * columns * channels);
    found.data.set(line, ((top + y) * width + left) * channels);
  }
  return found;
}

/** Resize the center of an image: the aspect that is wanted, seven eighths of the shorter side. */
function cropped(image, height, width) {
  const limited = (side, by, to) => {
    const own = Math.max(Math.floor((7 * side + 4) / 8), 1);
    return [own, Math.max(Math.floor((2 * own * to + by) / (2 * by)), 1)];
  };
  const [rows, columns] =
    height * image.width >= width * image.height
      ? limited(image.height, height, width)
      : limited(image.width, width, height).reverse();
  const left = Math.floor((image.width - columns) / 2);
  const top = Math.floor((image.height - rows) / 2);
  return resized(image, height, width, [left, top, columns, rows]);
}

/** Return a box of an image, resized by Pillow's antialiased bilinear filter, rows first. */
function resized(image, height, width, [left, top, columns, rows]) {
  const { channels } = image;
  const narrow = lines(image, taps(image.width, width, left, columns), channels, channels * image.width);
  const wide = { data: narrow, width, height: image.height, channels };
  // The columns of an image are the rows of the transposed one.
  const turned = transposed(wide);
  const short = lines(turned, taps(turned.width, height, top, rows), channels, channels * turned.width);
  return transposed({ data: short, width: height, height: width, channels });
}

function transposed({ data, width, height, channels }) {
  const found = { data: new Uint8Array(data.length), width: height, height: width, channels };
  for (let place = 0; place < width * height; place++) {
    const to = (place % width) * height + Math.floor(place / width);
    found.data.set(data.subarray(place * channels, (place + 1) * channels), to * channels);
  }
  return found;
}

/** Return the numbers of all rows, each made of few by the taps. */
function lines({ data, height }, places, channels, line) {
  const found = new Uint8Array(height * places.length * channels);
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (const { first, weights } of places) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 2 ** (BITS - 1);
        weights.forEach((weight, place) => {
          sum += weight * data[row * line + (first + place) * channels + channel];
        });
        found[to++] = Math.max(0, Math.min(255, sum >> BITS));
      }
    }
  }
  return found;
}

/** Return for each of `target` places where its taps begin, and their weights. */
function taps(length, target, begin, size) {
  const scale = size / target;
  const reach = Math.max(scale, 1);
  return Array.from({ length: target }, (_, place) => {
    const center = begin + (place + 0.5) * scale;
    const first = Math.trunc(Math.max(center - reach + 0.5, 0));
    const last = Math.min(Math.trunc(center + reach + 0.5), length);
    const shares = Array.from({ length: last - first }, (_, tap) =>
      Math.max(1 - Math.abs((first + tap - center + 0.5) * (1 / reach)), 0),
    );
    const total = shares.reduce((sum, share) => sum + share, 0);
    return { first, weights: shares.map((share) => Math.trunc((share / total) * 2 ** BITS + 0.5)) };
  });
}
