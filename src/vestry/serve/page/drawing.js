// A canvas to draw on: strokes are kept, so that the last one can be taken back.

import { byId } from "./dom.js";

const BLACK = "#000", WHITE = "#fff";

export class Drawing {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { willReadFrequently: true });
    this.strokes = [];
    this.current = null;
    this.dark = true; // light on dark, as most collections of grey images are
    this.changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.end(event));
    }
    this.paint();
  }

  // Drawn so far, in the colours of the model's training images.
  recolour(dark) {
    this.dark = dark;
    this.paint();
  }

  get empty() {
    return this.strokes.length === 0;
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * this.canvas.width) / box.width,
      ((event.clientY - box.top) * this.canvas.height) / box.height,
    ];
  }

  begin(event) {
    if (event.button !== 0 || this.current !== null) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.current = { id: event.pointerId, width: Number(byId("brush").value), points: [this.place(event)] };
    this.strokes.push(this.current);
    this.paint();
  }

  go(event) {
    if (this.current === null || event.pointerId !== this.current.id) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.current.points.push(this.place(each));
    this.paint();
  }

  end(event) {
    if (this.current === null || event.pointerId !== this.current.id) return;
    this.current = null;
    this.changed();
  }

  undo() {
    this.strokes.pop();
    this.paint();
    this.changed();
  }

  clear() {
    this.strokes = [];
    this.paint();
    this.changed();
  }

  paint() {
    const { pen, canvas } = this;
    pen.fillStyle = this.dark ? BLACK : WHITE;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = this.dark ? WHITE : BLACK;
    pen.lineCap = pen.lineJoin = "round";
    for (const { width, points } of this.strokes) {
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(...points[0]);
      for (const point of points.slice(points.length > 1 ? 1 : 0)) pen.lineTo(...point);
      pen.stroke();
    }
  }

  blob() {
    return new Promise((done) => this.canvas.toBlob(done, "image/png"));
  }
}
