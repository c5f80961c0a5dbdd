/** WAV files, as the page makes them, to the samples that a network takes. */

const HEADER = 44; // Bytes before the samples.
const CHANNELS = 22; // Where their number stands.

/**
 * Return the raw samples, Int16Array, of a WAV file of 16 bits at the network's rate.
 *
 * @param {Blob} blob
 * @param {object} facts Of the input, from the card: shape.
 */
export async function rawSound(blob, { shape: [length] }) {
  const view = new DataView(await blob.arrayBuffer());
  const channels = view.getUint16(CHANNELS, true);
  const count = Math.min(Math.floor((view.byteLength - HEADER) / (2 * channels)), length);
  const found = new Int16Array(length);
  for (let place = 0; place < count; place++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += view.getInt16(HEADER + 2 * (place * channels + channel), true);
    }
    found[place] = Math.round(sum / channels);
  }
  return found;
}
