// Texts to the tokens that an exported network takes, in Node.js and in browsers.
//
//   const { Tokenizer } = require("./tokenizer.js");  // Or <script src="tokenizer.js">.
//   const tokenizer = new Tokenizer(JSON.parse(contentOfTokenizerJson));
//   const { tokens, shape } = tokenizer.batch(["a text", bytes]);  // Int32Array, [texts, length].
//
// A text is a string or a Uint8Array of UTF-8. Half of a surrogate pair in a string, and what is not
// UTF-8 in bytes, reads as U+FFFD.
"use strict";

class Tokenizer {
  // facts: the content of tokenizer.json, parsed.
  constructor(facts) {
    this.facts = facts;
    this.byWord = facts.level === "word";
    const key = this.byWord ? escapedBytes : (character) => character;
    const [from, to] = (facts.cleaning.characters ?? ["", ""]).map((all) => Array.from(all));
    this.changed = new Map(from.map((one, place) => [one, to[place]]));
    this.tokensOf = new Map(facts.vocabulary.map((word, place) => [key(word), place + 2]));
  }

  // Tokens of several texts; the rows are as long as the longest text needs.
  batch(texts) {
    const rows = texts.map((text) => this.tokens(text));
    const length = rows.reduce((most, row) => Math.max(most, row.length), this.facts.shortest);
    const tokens = new Int32Array(rows.length * length); // Padding is 0.
    rows.forEach((row, place) => {
      const front = inFront(this.facts.padding, length - row.length);
      tokens.set(row, place * length + front);
    });
    return { tokens, shape: [rows.length, length] };
  }

  // Tokens of one text, without padding.
  tokens(text) {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const cleaned = this.cleaned(latin1(bytes));
    const found = this.byWord ? cleaned.split(/[ \t-\r]+/).filter(Boolean) : characters(cleaned);
    const tokens = found.map((word) => this.tokensOf.get(word) ?? 1); // 1: unknown.
    if (this.facts.backwards) tokens.reverse();
    const excess = Math.max(0, tokens.length - (this.facts.length ?? tokens.length));
    const begin = inFront(this.facts.truncation, excess);
    return tokens.slice(begin, begin + tokens.length - excess);
  }

  // The text cleaned; it holds one character a byte.
  cleaned(text) {
    const { keeps, rewrites, lower, apart } = this.facts.cleaning;
    if (apart) {
      const known = characters(text).map((one) => this.changed.get(one) ?? one);
      const words = known.join("").replace(new RegExp(`([${apart}])`, "gu"), " $1 ");
      text = latin1(new TextEncoder().encode(words.replace(/ +/g, " ").replace(/^ | $/g, "")));
    }
    if (keeps) {
      text = text.replace(new RegExp(`[^${keeps}]+`, "g"), " ");
      for (const [pattern, rewrite] of rewrites) {
        const filled = (_, group) =>
          rewrite.replace(/\\(.)/g, (_, sign) => (sign === "1" ? group : sign));
        text = text.replace(new RegExp(pattern, "g"), filled);
      }
      text = text.replace(/ +/g, " ").replace(/^ | $/g, "");
    }
    return lower ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
  }
}

// How many of `count` tokens, to be added or cut off, are so in front of the text.
function inFront(side, count) {
  return { front: count, end: 0, both: Math.floor(count / 2) }[side];
}

// Bytes as a string of one character each, so that bytes are compared.
function latin1(bytes) {
  let text = "";
  for (let begin = 0; begin < bytes.length; begin += 8192) {
    text += String.fromCharCode(...bytes.subarray(begin, begin + 8192));
  }
  return text;
}

// The UTF-8 characters of such a string.
function characters(text) {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return Array.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
}

// A word of tokenizer.json as such a string; U+DC80 to U+DCFF are bytes that were not UTF-8.
function escapedBytes(word) {
  const parts = word.split(/([\uDC80-\uDCFF])/u);
  const escaped = (part) => String.fromCharCode(part.charCodeAt(0) - 0xdc00);
  const encoded = (part) => latin1(new TextEncoder().encode(part));
  return parts.map((part, place) => (place % 2 ? escaped(part) : encoded(part))).join("");
}

if (typeof module !== "undefined") module.exports = { Tokenizer };
