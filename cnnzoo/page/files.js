/** Files of the user to what a network takes: PNG, JPEG or WAV. */

import { Refusal } from "./refusal.js";

const MEBIBYTE = 2 ** 20;
const MOST_BYTES = 8 * MEBIBYTE;
const MOST_PIXELS = 2 ** 24; // As every exported network.
const HEADER = 44; // Bytes of a WAV file before its samples.
const PCM = 1;
const BITS = 16; // A sample.

/**
 * Return the image in `file` as a bitmap, and encoded: a PNG or JPEG file as it is, others as PNG.
 *
 * @param {File} file Of any kind that the browser decodes.
 */
export async function image(file) {
  checkSize(file);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Refusal(`${file.name} must be an image, such as PNG or JPEG; it cannot be read as one.`);
  }
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    const most = MOST_PIXELS.toLocaleString("en");
    throw new Refusal(`${file.name} must have at most ${most} pixels; it has ${width} × ${height}.`);
  }
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const png = first === 0x89 && second === 0x50;
  const jpeg = first === 0xff && second === 0xd8;
  if (png || jpeg) return { bitmap, blob: file };
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return { bitmap, blob };
}

/**
 * Return `file` if it is a WAV file as networks take it, and another sound as such a file.
 *
 * @param {File} file Of any kind that the browser decodes.
 * @param {number} rate Samples a second.
 * @param {number} samples At most; what follows is cut.
 */
export async function sound(file, rate, samples) {
  checkSize(file);
  const content = await file.arrayBuffer();
  if (isRight(content, rate)) return file; // Browsers' decoders round in their own ways.
  let decoded;
  try {
    // Decoding resamples to the rate of the context, whose own length plays no part.
    decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(content);
  } catch {
    throw new Refusal(`${file.name} must be an audio file, such as WAV; it cannot be read as one.`);
  }
  const length = Math.min(decoded.length, samples);
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, channel) =>
    decoded.getChannelData(channel),
  );
  const view = header(rate, length);
  for (let place = 0; place < length; place++) {
    const mean = channels.reduce((sum, channel) => sum + channel[place], 0) / channels.length;
    const level = Math.round(Math.max(-1, Math.min(1, mean)) * 32768);
    view.setInt16(HEADER + 2 * place, Math.min(level, 32767), true);
  }
  return new Blob([view], { type: "audio/wav" });
}

/** Whether `content` starts as a WAV file of 16-bit PCM at `rate`. */
function isRight(content, rate) {
  if (content.byteLength < HEADER) return false;
  const found = new DataView(content);
  const wanted = header(rate, 0);
  const words = [0, 8, 12].every((place) => found.getUint32(place) === wanted.getUint32(place));
  const numbers = found.getUint16(20, true) === PCM && found.getUint16(34, true) === BITS;
  return words && numbers && found.getUint32(24, true) === rate;
}

/** Return the bytes of a WAV file of one channel, without its samples. */
function header(rate, samples) {
  const view = new DataView(new ArrayBuffer(HEADER + 2 * samples));
  const word = (place, text) => {
    for (let i = 0; i < 4; i++) view.setUint8(place + i, text.charCodeAt(i));
  };
  word(0, "RIFF");
  view.setUint32(4, HEADER - 8 + 2 * samples, true);
  word(8, "WAVE");
  word(12, "fmt ");
  view.setUint32(16, 16, true); // Bytes of the format, which follows.
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true); // Channels.
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true); // Bytes a second.
  view.setUint16(32, 2, true); // Bytes a sample.
  view.setUint16(34, BITS, true);
  word(36, "data");
  view.setUint32(40, 2 * samples, true);
  return view;
}

function checkSize(file) {
  if (file.size <= MOST_BYTES) return;
  const size = (file.size / MEBIBYTE).toFixed(1);
  throw new Refusal(
    `${file.name} must have at most ${MOST_BYTES / MEBIBYTE} MiB; it has ${size} MiB.`,
  );
}
