/** Convolution, with loops of which a browser's compiler makes good machine code. */

const BLOCK = 4; // Filters at a time: a value that is read serves four products.

/** Return the kernel `[rows, columns, seen, filters]` by groups and blocks of filters. */
export function arranged(kernel, [tall, wide, seen, filters], groups) {
  const given = filters / groups;
  const blocks = Math.ceil(given / BLOCK);
  const length = tall * wide * seen;
  const found = new Float64Array(groups * blocks * length * BLOCK); // Zeros fill the last block.
  for (let filter = 0; filter < filters; filter++) {
    const own = filter % given;
    const block = Math.floor(filter / given) * blocks + Math.floor(own / BLOCK);
    for (let place = 0; place < length; place++) {
      found[(block * length + place) * BLOCK + (own % BLOCK)] = kernel[place * filters + filter];
    }
  }
  return found;
}

/** Return the maps of a padded value; sums are in float64. */
export function convolve({ shape, data }, settings) {
  const { packed, bias, strides, dilation, groups, weights } = settings;
  const [tall, wide, seen, filters] = weights.kernel;
  const [batch, height, width, depth] = shape;
  const rows = Math.floor((height - (tall - 1) * dilation[0] - 1) / strides[0]) + 1;
  const columns = Math.floor((width - (wide - 1) * dilation[1] - 1) / strides[1]) + 1;
  const given = filters / groups;
  const found = new Float32Array(batch * rows * columns * filters);
  const values = new Float64Array(data);
  const down = dilation[0] * width * depth;
  const across = dilation[1] * depth;
  for (let place = 0; place < batch * rows * columns; place++) {
    const row = Math.floor(place / columns);
    const top = Math.floor(row / rows) * height + (row % rows) * strides[0];
    const corner = (top * width + (place % columns) * strides[1]) * depth;
    let weight = 0;
    for (let unit = 0; unit < filters; ) {
      const group = corner + Math.floor(unit / given) * seen;
      let first = 0;
      let second = 0;
      let third = 0;
      let fourth = 0;
      for (let y = 0; y < tall; y++) {
        for (let x = 0; x < wide; x++) {
          const begin = group + y * down + x * across;
          for (let from = begin; from < begin + seen; from++, weight += BLOCK) {
            const value = values[from];
            first += value * packed[weight];
            second += value * packed[weight + 1];
            third += value * packed[weight + 2];
            fourth += value * packed[weight + 3];
          }
        }
      }
      const to = place * filters + unit;
      const left = Math.min(BLOCK, given - (unit % given));
      found[to] = first + bias[unit];
      if (left > 1) found[to + 1] = second + bias[unit + 1];
      if (left > 2) found[to + 2] = third + bias[unit + 2];
      if (left > 3) found[to + 3] = fourth + bias[unit + 3];
      unit += left;
    }
  }
  return { shape: [batch, rows, columns, filters], data: found };
}
