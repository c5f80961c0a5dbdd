/** Inputs to try at once: digits as pen strokes, and sentences for the data sets of texts. */

/** Strokes of each digit, in the units of the drawing pad: 280 by 280. */
export const DIGITS = {
  0: "M140 55C85 55 75 225 140 225C205 225 195 55 140 55Z",
  1: "M148 55L132 225",
  2: "M90 95C95 45 190 45 187 100C184 145 110 190 88 222H195",
  3: "M92 75C120 40 190 55 182 95C176 130 130 135 122 136C160 134 198 155 190 190C182 232 110 235 85 205",
  4: "M92 60L85 145H190M180 60L168 225",
  5: "M185 58H110L100 130C140 108 195 125 190 175C185 228 115 235 88 205",
  6: "M165 55C110 85 85 150 95 190C107 235 185 232 188 185C190 140 115 135 96 180",
  7: "M85 62H195L125 225",
  8: "M140 135C80 110 95 55 140 55C188 55 200 110 140 135C75 165 80 225 140 225C202 225 205 165 140 135Z",
  9: "M185 105C180 150 100 155 97 105C95 55 185 40 186 100C187 150 175 190 160 228",
};

const FILMS = [
  "A warm, funny and beautifully acted film that stays with you.",
  "Two hours of dull dialogue, and not one surprise.",
];
const MEALS = [
  "Friendly staff, generous plates, and the best soup in town.",
  "We waited an hour, the food was cold, and nobody cared.",
];

/** Sentences to try, by the name of the data set that a model was trained on. */
export const SENTENCES = {
  ag_news_subset: [
    "The striker scored twice in the final minutes to win the cup.",
    "Shares fell after the bank reported a loss for the third quarter.",
  ],
  imdb_reviews: FILMS,
  mr: FILMS,
  sms_spam: [
    "Congratulations! You won a free prize, call now to claim it.",
    "Running late, start dinner without me.",
  ],
  sst2: FILMS,
  trec: ["Who wrote the first novel?", "How many people live in Iceland?"],
  yelp_polarity_reviews: MEALS,
};
