/** A drawing pad: a soft white brush on black, as thick as the pen of MNIST's digits. */

const SIDE = 280; // Of the drawing, in its own units.
const BRUSH = 20;
const SOFTNESS = 6;

export class Pad {
  #canvas;
  #context;
  #changed;
  #marks = []; // Paths.
  #last; // Point of the stroke under way.

  /**
   * @param {HTMLCanvasElement} canvas Square.
   * @param {() => void} changed Called whenever the drawing changes.
   */
  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#extend(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => (this.#last = undefined));
    }
    this.#paint();
  }

  get empty() {
    return this.#marks.length === 0;
  }

  clear() {
    this.#set([]);
  }

  undo() {
    this.#set(this.#marks.slice(0, -1));
  }

  /** Draw one SVG path in place of what is there. */
  draw(path) {
    this.#set([new Path2D(path)]);
  }

  /** Return the drawing as a PNG image. */
  png() {
    return new Promise((done) => this.#canvas.toBlob(done, "image/png"));
  }

  #set(marks) {
    this.#marks = marks;
    this.#last = undefined;
    this.#paint();
    this.#changed();
  }

  #begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#last = this.#point(event);
    const [x, y] = this.#last;
    const stroke = new Path2D();
    stroke.moveTo(x, y);
    stroke.lineTo(x + 0.01, y); // A touch alone leaves a dot.
    this.#marks.push(stroke);
    this.#paint();
    this.#changed();
  }

  #extend(event) {
    if (!this.#last) return;
    const stroke = this.#marks.at(-1);
    for (const move of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y] = this.#last;
      const next = this.#point(move);
      stroke.quadraticCurveTo(x, y, (x + next[0]) / 2, (y + next[1]) / 2);
      this.#last = next;
    }
    this.#paint();
    this.#changed();
  }

  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  #paint() {
    const context = this.#context;
    const scale = this.#canvas.width / SIDE;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.shadowBlur = 0;
    context.fillStyle = "black";
    context.fillRect(0, 0, SIDE, SIDE);
    context.lineWidth = BRUSH;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = context.shadowColor = "white";
    context.shadowBlur = SOFTNESS * scale; // The one length that no transform scales.
    for (const mark of this.#marks) context.stroke(mark);
  }
}
