/** The prediction in words, and the scores as a table with bars. */

const ALL = 10; // Classes that are all shown, in their own order; of more, the best few.
const BEST = 5;
const SURE = 0.5; // A score below it leaves more to the other classes together.
const WORTH_TELLING = 0.01;

/** Show a prediction for the classes of a card, and return it in words. */
export function showAnswer({ scores, known }, { class_names: names, unknown }) {
  const order = [...scores.keys()].sort((one, other) => scores[other] - scores[one]);
  const shown = names.length <= ALL ? [...names.keys()] : order.slice(0, BEST);
  const strange = known !== undefined && known < unknown.threshold;
  const label = strange ? unknown.label : names[order[0]];
  const sentence = strange
    ? `Unlike what the model was trained on; closest is ${names[order[0]]}.`
    : inWords(order, scores, names);
  element("label").textContent = label;
  element("sentence").textContent = sentence;
  element("more").textContent =
    shown.length < names.length ? `The top ${shown.length} of ${names.length} classes.` : "";
  fill(element("scores"), shown, (row, id) => {
    row.className = id === order[0] && !strange ? "first" : "";
    row.querySelector("th span").textContent = names[id];
    const [bar, number] = row.querySelector("td").children;
    bar.style.setProperty("--share", scores[id]);
    number.textContent = percent(scores[id]);
  });
  return `The prediction is ${label}. ${sentence}`;
}

function inWords([first, second], scores, names) {
  const start = scores[first] < SURE ? "Not sure: its score is" : "Its score is";
  const close = scores[second] >= WORTH_TELLING;
  const next = close ? `; next is ${names[second]} with ${percent(scores[second])}` : "";
  return `${start} ${percent(scores[first])}${next}.`;
}

/** Return `share`, from 0 to 1, in percent, so that little does not read as none. */
function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1%";
  if (share < 1 && share > 0.999) return ">99.9%";
  return `${(100 * share).toFixed(1)}%`;
}

/** Keep the rows that are there, so that their bars glide. */
function fill(body, shown, write) {
  while (body.rows.length > shown.length) body.deleteRow(-1);
  while (body.rows.length < shown.length) body.append(emptyRow());
  shown.forEach((id, place) => write(body.rows[place], id));
}

function emptyRow() {
  const row = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.append(document.createElement("span"));
  const cell = document.createElement("td");
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.ariaHidden = "true";
  cell.append(bar, document.createElement("span"));
  row.append(name, cell);
  return row;
}

function element(id) {
  return document.getElementById(id);
}
