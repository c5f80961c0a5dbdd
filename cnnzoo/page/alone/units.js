/** The units of a network's convolutions: their maps, and the sum that makes one number of a map. */

const ACTIVATIONS = ["relu", "gelu", "sigmoid", "tanh", "scaled_tanh"];

/** Return the convolutions over more than one place: operation, input, sums and map of each. */
export function layersOf({ operations, values }) {
  const found = [];
  operations.forEach((operation, index) => {
    const input = values[operation.inputs[0]];
    if (operation.kind !== "conv" || input.shape[1] * input.shape[2] === 1) return;
    const sums = values[index + 1];
    const next = operations.filter(({ inputs }) => inputs.includes(index + 1));
    const after = next.length === 1 && ACTIVATIONS.includes(next[0].kind) ? next[0] : undefined;
    const map = after ? values[operations.indexOf(after) + 1] : sums;
    // A convolution of one channel into one only counts what a mask keeps.
    if (sums.shape[3] > 1) found.push({ operation, input, sums, map, after, shape: sums.shape });
  });
  return found;
}

/** Return the name of the activation that follows, if one does. */
export function activation({ after }) {
  return after?.kind.replace("_", " ");
}

/** Return the map of a unit of the first view, `[height][width]`. */
export function mapOf({ shape: [, height, width, count], map }, unit) {
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => map.data[(row * width + column) * count + unit]),
  );
}

/** Return the input channel on which the weights of a unit are largest. */
export function channelOf({ operation }, unit) {
  const { kernel, groups, weights } = operation;
  const [tall, wide, seen, filters] = weights.kernel;
  const sizes = new Array(seen).fill(0);
  for (let place = 0; place < tall * wide * seen; place++) {
    sizes[place % seen] += Math.abs(kernel[place * filters + unit]);
  }
  const first = Math.floor(unit / (filters / groups)) * seen;
  return first + sizes.indexOf(Math.max(...sizes));
}

/**
 * Return how one number of a unit's map comes about.
 *
 * `rows` of {value, weight} on the unit's largest channel add `here`; `shares` are what each step of
 * the first row adds on all channels; with all channels and the `bias` that is `total`, and after the activation
 * `value`. The window is `tall` and `wide` from `top` and `left`, which may lie outside.
 */
export function sumAt(layer, unit, row, column) {
  const { operation, input, sums, map } = layer;
  const { kernel, bias, pads, strides, dilation, groups, weights } = operation;
  const [tall, wide, seen, filters] = weights.kernel;
  const [, height, width, depth] = input.shape;
  const [top, left] = [row * strides[0] - pads[0], column * strides[1] - pads[2]];
  const first = Math.floor(unit / (filters / groups)) * seen;
  const chosen = channelOf(layer, unit) - first;
  const product = (y, x, channel) => {
    const [down, across] = [top + y * dilation[0], left + x * dilation[1]];
    const outside = down < 0 || down >= height || across < 0 || across >= width;
    const place = (down * width + across) * depth + first + channel;
    const value = outside ? 0 : input.data[place];
    return { value, weight: kernel[((y * wide + x) * seen + channel) * filters + unit] };
  };
  const range = (length) => Array.from({ length }, (_, place) => place);
  const add = (cells) => cells.reduce((sum, { value, weight }) => sum + value * weight, 0);
  const rows = range(tall).map((y) => range(wide).map((x) => product(y, x, chosen)));
  const shares = range(wide).map((x) => add(range(seen).map((channel) => product(0, x, channel))));
  const place = (row * sums.shape[2] + column) * filters + unit;
  const spread = (size, apart) => (size - 1) * apart + 1;
  return {
    ...{ top, left, tall: spread(tall, dilation[0]), wide: spread(wide, dilation[1]) },
    ...{ rows, shares, here: add(rows.flat()), bias: bias[unit], total: sums.data[place], value: map.data[place] },
  };
}
