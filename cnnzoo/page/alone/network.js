/** The network in this file: from a raw example to its scores, and what it computes on the way. */

import { arranged } from "./convolution.js";
import { make, OPERATIONS } from "./operations.js";

export class Network {
  /**
   * @param {object} content What the export wrote: operations, outputs and weights.
   * @param {Float32Array} weights
   */
  constructor(content, weights) {
    this.outputs = content.outputs;
    let begin = 0;
    this.operations = content.operations.map((operation) => {
      const own = { ...operation };
      for (const [name, shape] of Object.entries(operation.weights ?? {})) {
        const length = shape.reduce((product, side) => product * side, 1);
        own[name] = weights.subarray(begin, begin + length);
        begin += length;
      }
      if (own.kind === "conv") own.packed = arranged(own.kernel, own.weights.kernel, own.groups);
      return own;
    });
  }

  /**
   * Return scores, familiarity if there is one, operations, and values: the input, then of each.
   *
   * @param {ArrayLike<number>} input Pixels, samples or tokens.
   * @param {number[]} shape Height, width and channels.
   */
  run(input, shape) {
    const values = [make([1, ...shape], Float32Array.from(input))];
    for (const operation of this.operations) {
      const given = operation.inputs.map((place) => values[place]);
      values.push(OPERATIONS[operation.kind](...given, operation));
    }
    const { scores, known } = this.outputs;
    return {
      scores: [...values[scores].data],
      known: known === undefined ? undefined : values[known].data[0],
      values,
      operations: this.operations,
    };
  }
}

/** Return the weights in `text`: base64, deflated, the first bytes of all, then the second... */
export async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = planes.length / 4;
  const bits = new Uint32Array(count);
  for (let place = 0; place < count; place++) {
    const byte = (plane) => planes[plane * count + place] << (24 - 8 * plane);
    bits[place] = byte(0) | byte(1) | byte(2) | byte(3);
  }
  return new Float32Array(bits.buffer);
}
