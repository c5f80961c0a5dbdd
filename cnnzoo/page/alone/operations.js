/**
 * The operations that a network is a list of: each takes values, then its settings and weights.
 *
 * A value is {shape: [batch, height, width, channels], data: Float32Array}; one example is a batch
 * of one, or of its views. What has steps has one row, a vector one row and one column.
 */

import { convolve } from "./convolution.js";

const SCALED_TANH = [1.7159, 2 / 3];
const ERF = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];

const size = (shape) => shape.reduce((product, side) => product * side, 1);

export function make(shape, data = new Float32Array(size(shape))) {
  return { shape, data };
}

function each({ shape, data }, change) {
  return make(shape, data.map(change));
}

function scale({ shape, data }, { factor, offset }) {
  const channels = factor.length;
  return make(shape, data.map((x, place) => x * factor[place % channels] + offset[place % channels]));
}

function pad(value, { pads: [above, below, left, right], filler = 0 }) {
  if (!(above || below || left || right)) return value;
  const [batch, height, width, channels] = value.shape;
  const found = make([batch, height + above + below, width + left + right, channels]);
  if (filler) found.data.fill(filler);
  const [, rows, columns] = found.shape;
  for (let row = 0; row < batch * height; row++) {
    const to = Math.floor(row / height) * rows + above + (row % height);
    const line = value.data.subarray(row * width * channels, (row + 1) * width * channels);
    found.data.set(line, (to * columns + left) * channels);
  }
  return found;
}

/** Reduce each window of a padded value to one number per channel. */
function pool({ shape, data }, [tall, wide], [down, right], reduce) {
  const [batch, height, width, channels] = shape;
  const rows = Math.floor((height - tall) / down) + 1;
  const columns = Math.floor((width - wide) / right) + 1;
  const found = make([batch, rows, columns, channels]);
  let place = 0;
  for (let row = 0; row < batch * rows; row++) {
    const top = Math.floor(row / rows) * height + (row % rows) * down;
    for (let column = 0; column < columns; column++) {
      for (let channel = 0; channel < channels; channel++) {
        const first = (top * width + column * right) * channels + channel;
        found.data[place++] = reduce(data, first, channels, width * channels);
      }
    }
  }
  return found;
}

function max_pool(value, { window: [tall, wide], strides, pads }) {
  const largest = (data, first, step, line) => {
    let most = -Infinity;
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) most = Math.max(most, data[first + y * line + x * step]);
    }
    return most;
  };
  return pool(pad(value, { pads, filler: -Infinity }), [tall, wide], strides, largest);
}

function average_pool(value, { window: [tall, wide], strides, pads }) {
  const sum = (data, first, step, line) => {
    let total = 0;
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) total += data[first + y * line + x * step];
    }
    return total;
  };
  const sums = pool(pad(value, { pads }), [tall, wide], strides, sum);
  const ones = make(value.shape, new Float32Array(value.data.length).fill(1));
  const counts = pool(pad(ones, { pads }), [tall, wide], strides, sum); // Without the padding.
  return make(sums.shape, sums.data.map((total, place) => total / counts.data[place]));
}

/** Reduce all places of each example to one number per channel. */
function over_all({ shape: [batch, height, width, channels], data }, reduce, start) {
  const found = make([batch, 1, 1, channels]);
  found.data.fill(start);
  const places = height * width;
  for (let place = 0; place < batch * places; place++) {
    const to = Math.floor(place / places) * channels;
    for (let channel = 0; channel < channels; channel++) {
      const value = data[place * channels + channel];
      found.data[to + channel] = reduce(found.data[to + channel], value, place);
    }
  }
  return found;
}

function max_all(value, mask) {
  const counts = mask.data ? (place) => mask.data[place] > 0 : () => true;
  const larger = (most, one, place) => (counts(place) ? Math.max(most, one) : most);
  return each(over_all(value, larger, -Infinity), (most) => (most > -Infinity ? most : 0));
}

function average_all(value) {
  const places = value.shape[1] * value.shape[2];
  return each(over_all(value, (sum, one) => sum + one, 0), (sum) => sum / places);
}

function channels({ shape, data }, { order }) {
  const [count, before] = [order.length, shape[3]];
  const found = make([...shape.slice(0, 3), count]);
  for (let place = 0; place < found.data.length; place++) {
    const from = order[place % count];
    if (from >= 0) found.data[place] = data[Math.floor(place / count) * before + from];
  }
  return found;
}

function reshape({ shape: [batch], data }, { shape }) {
  return make([batch, ...shape], data);
}

function relu(value, { most = Infinity }) {
  return each(value, (x) => Math.min(Math.max(x, 0), most));
}

const logistic = (x) => 1 / (1 + Math.exp(-x));

function sigmoid(value) {
  return each(value, logistic);
}

function tanh(value) {
  return each(value, Math.tanh);
}

function scaled_tanh(value) {
  const [height, slope] = SCALED_TANH;
  return each(value, (x) => height * Math.tanh(slope * x));
}

/** By the error function of Abramowitz and Stegun 1964, formula 7.1.26: to within 1.5e-7. */
function gelu(value) {
  return each(value, (x) => {
    const share = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
    const sum = ERF.reduce((total, factor) => total * share + factor, 0);
    const tail = (share * sum * Math.exp((-x * x) / 2)) / 2;
    return x * (x > 0 ? 1 - tail : tail);
  });
}

function softmax({ shape, data }) {
  const found = make(shape);
  for (let begin = 0; begin < data.length; begin += shape[3]) {
    const part = data.subarray(begin, begin + shape[3]);
    const most = Math.max(...part);
    const powers = Array.from(part, (x) => Math.exp(x - most));
    const total = powers.reduce((sum, power) => sum + power, 0);
    found.data.set(powers.map((power) => power / total), begin);
  }
  return found;
}

function positive(value) {
  return each(value, (x) => (x > 0 ? 1 : 0));
}

function signed_root(value) {
  return each(value, (x) => Math.sign(x) * Math.sqrt(Math.abs(x)));
}

/** Combine values two by two; a side of one stands for all places of that side. */
function combine(values, change) {
  return values.reduce((one, other) => {
    const shape = one.shape.map((side, axis) => Math.max(side, other.shape[axis]));
    if (one.data.length === other.data.length) {
      return make(shape, one.data.map((x, place) => change(x, other.data[place])));
    }
    const found = make(shape);
    const [ours, theirs] = [one, other].map(({ shape: own }) => steps(own));
    const [, height, width, depth] = shape;
    for (let place = 0; place < found.data.length; place++) {
      const [n, y] = [Math.floor(place / (height * width * depth)), Math.floor(place / (width * depth)) % height];
      const [x, channel] = [Math.floor(place / depth) % width, place % depth];
      const at = (step) => n * step[0] + y * step[1] + x * step[2] + channel * step[3];
      found.data[place] = change(one.data[at(ours)], other.data[at(theirs)]);
    }
    return found;
  });
}

/** Return how far apart the places of each side are, 0 for a side of one. */
function steps(shape) {
  return shape.map((side, axis) => (side === 1 ? 0 : size(shape.slice(axis + 1))));
}

function add(...values) {
  return combine(values.slice(0, -1), (one, other) => one + other);
}

function multiply(...values) {
  return combine(values.slice(0, -1), (one, other) => one * other);
}

function concatenate(...values) {
  const parts = values.slice(0, -1);
  const depth = parts.reduce((sum, { shape }) => sum + shape[3], 0);
  const found = make([...parts[0].shape.slice(0, 3), depth]);
  let begin = 0;
  for (const { shape, data } of parts) {
    for (let place = 0; place * shape[3] < data.length; place++) {
      const part = data.subarray(place * shape[3], (place + 1) * shape[3]);
      found.data.set(part, place * depth + begin);
    }
    begin += shape[3];
  }
  return found;
}

function embedding({ shape, data }, { table, weights: { table: [, depth] } }) {
  const found = make([...shape.slice(0, 3), depth]);
  data.forEach((token, place) => {
    found.data.set(table.subarray(token * depth, (token + 1) * depth), place * depth);
  });
  return found;
}

function known_words({ data }) {
  const count = (least) => data.reduce((sum, token) => sum + (token > least), 0);
  return make([1, 1, 1, 1], Float32Array.of(count(1) / Math.max(count(0), 1)));
}

/** Minus the squared distance from each code. */
function distances({ shape, data }, { codes, weights: { codes: [classes, length] } }) {
  const found = make([...shape.slice(0, 3), classes]);
  found.data.forEach((_, place) => {
    const [example, code] = [Math.floor(place / classes) * length, (place % classes) * length];
    let sum = 0;
    for (let i = 0; i < length; i++) sum += (data[example + i] - codes[code + i]) ** 2;
    found.data[place] = -sum;
  });
  return found;
}

/** The product of a vector with a matrix, in float64. */
function product(vector, matrix, columns) {
  const found = new Float64Array(columns);
  vector.forEach((x, row) => {
    for (let column = 0; column < columns; column++) found[column] += x * matrix[row * columns + column];
  });
  return found;
}

function familiarity({ data }, { directions, shift, centers, offsets }) {
  const found = product(data, directions, shift.length).map((x, place) => x + shift[place]);
  const scores = product(found, centers, offsets.length).map((x, place) => x + offsets[place]);
  const length = found.reduce((sum, x) => sum + x * x, 0);
  return make([1, 1, 1, 1], Float32Array.of(logistic(Math.max(...scores) - length)));
}

/** The image shifted by each number of rows and columns, and mirrored; its border is mirrored. */
function views({ shape: [, height, width, depth], data }, { shifts }) {
  const found = make([2 * shifts.length, height, width, depth]);
  const inside = (place, side) => (place < 0 ? -place : place < side ? place : 2 * side - 2 - place);
  let to = 0;
  for (const by of shifts) {
    for (const mirrored of [false, true]) {
      for (let place = 0; place < height * width; place++, to += depth) {
        const column = mirrored ? width - 1 - (place % width) : place % width;
        const y = inside(Math.floor(place / width) + by, height);
        const from = (y * width + inside(column + by, width)) * depth;
        found.data.set(data.subarray(from, from + depth), to);
      }
    }
  }
  return found;
}

/** The weighted sum of an example's views. */
function blend({ shape: [batch, ...shape], data }, { shares }) {
  const found = make([batch / shares.length, ...shape]);
  const length = found.data.length; // There is one example.
  data.forEach((x, place) => (found.data[place % length] += x * shares[Math.floor(place / length)]));
  return found;
}

export const OPERATIONS = {
  conv: (value, settings) => convolve(pad(value, settings), settings),
  ...{ scale, pad, max_pool, average_pool, max_all, average_all, channels, reshape, relu, sigmoid },
  ...{ tanh, scaled_tanh, gelu, softmax, positive, signed_root, add, multiply, concatenate },
  ...{ embedding, known_words, distances, familiarity, views, blend },
};
