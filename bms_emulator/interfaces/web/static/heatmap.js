// Heat map of the cells of a container: a row for each rack, or, where the page is narrow, for each pack.

const COLOURS = {
  voltage: ["#2b1a5e", "#2f4fa8", "#1f86a6", "#27ad81", "#8fd14a", "#fbe725"],
  temperature: ["#2c4fb8", "#4fa3d8", "#a9d3c4", "#f2d16b", "#ec7a35", "#b81d2c"],
};
const BELOW = [0, 229, 255];
const ABOVE = [255, 0, 200];
const NO_READING = [110, 110, 110];
const FAR = 0.5; // of the scale's span: beyond that a cell is an outlier with a colour of its own
const NARROW = 700;
const LABEL_WIDTH = 34;
const SPAN_MIN = { voltage: 0.02, temperature: 4 };
const DIGITS = { voltage: 3, temperature: 1 };
const UNIT = { voltage: "V", temperature: "°C" };

export class HeatMap {
  constructor(canvas, bar, reading, legend) {
    this.canvas = canvas;
    this.bar = bar;
    this.legend = legend;
    this.reading = reading;
    this.quantity = "voltage";
    this.scale = "auto";
    this.fullRange = { voltage: [2.5, 3.65], temperature: [0, 60] };
    this.levels = [];
    this.frame = null;
    this.pointed = null;
    this.cells = document.createElement("canvas");
    canvas.addEventListener("pointermove", (event) => this.point(event));
    canvas.addEventListener("pointerdown", (event) => this.point(event));
    canvas.addEventListener("pointerleave", () => { this.pointed = null; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    this.drawBar();
  }

  show(quantity) { this.quantity = quantity; this.drawBar(); this.draw(); }

  use(scale) { this.scale = scale; this.draw(); }

  /** Take a frame and draw it. */
  take(frame) { this.frame = frame; this.draw(); }

  /** Highest alarm level of each rack. */
  mark(levels) { this.levels = levels; }

  values() {
    return this.quantity === "voltage" ? this.frame.voltage : this.frame.temperature;
  }

  range() {
    if (this.scale === "full") return this.fullRange[this.quantity];
    const sorted = Float32Array.from(this.values()).filter((value) => !Number.isNaN(value)).sort();
    if (sorted.length === 0) return this.fullRange[this.quantity];
    let low = sorted[Math.floor(0.01 * (sorted.length - 1))];
    let high = sorted[Math.ceil(0.99 * (sorted.length - 1))];
    const missing = SPAN_MIN[this.quantity] - (high - low);
    if (missing > 0) { low -= missing / 2; high += missing / 2; }
    return [low, high];
  }

  /** Rows and columns: where the page is narrow each pack has a row of its own. */
  shape() {
    const { rackCount, cellCount, packCellCount } = this.frame;
    const narrow = this.canvas.parentElement.clientWidth < NARROW;
    const columns = narrow ? packCellCount : cellCount;
    return { columns, rows: (rackCount * cellCount) / columns, rowsPerRack: cellCount / columns };
  }

  draw() {
    if (!this.frame) return;
    const { columns, rows, rowsPerRack } = this.shape();
    const ratio = window.devicePixelRatio || 1;
    const width = this.canvas.parentElement.clientWidth;
    const rackHeight = Math.max(15, Math.min(40, 216 / this.frame.rackCount)) * Math.max(1, rowsPerRack / 2);
    const height = Math.round(rackHeight * this.frame.rackCount);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.height = `${height}px`;
    }
    const range = this.range();
    this.paintCells(columns, rows, range);
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.cells, LABEL_WIDTH, 0, width - LABEL_WIDTH, height);
    this.geometry = { columns, rows, rowsPerRack, width, height };
    this.drawGrid(context);
    const digits = DIGITS[this.quantity];
    this.legend.low.textContent = range[0].toFixed(digits);
    this.legend.high.textContent = `${range[1].toFixed(digits)} ${UNIT[this.quantity]}`;
    this.tell();
  }

  paintCells(columns, rows, [low, high]) {
    this.cells.width = columns;
    this.cells.height = rows;
    const context = this.cells.getContext("2d");
    const image = context.createImageData(columns, rows);
    const values = this.values();
    const table = this.table;
    const outside = { below: 0, above: 0, silent: 0 };
    for (let n = 0; n < values.length; n += 1) {
      const share = (values[n] - low) / (high - low);
      let colour;
      if (Number.isNaN(share)) {
        colour = NO_READING;
        outside.silent += 1;
      } else if (share < -FAR) {
        colour = BELOW;
        outside.below += 1;
      } else if (share > 1 + FAR) {
        colour = ABOVE;
        outside.above += 1;
      } else colour = table[Math.round(255 * Math.min(1, Math.max(0, share)))];
      image.data.set([colour[0], colour[1], colour[2], 255], 4 * n);
    }
    context.putImageData(image, 0, 0);
    const texts = { below: "far below", above: "far above", silent: "no reading" };
    for (const [name, count] of Object.entries(outside)) {
      this.legend[name].hidden = count === 0;
      this.legend[name].textContent = `${count} ${texts[name]}`;
    }
  }

  drawGrid(context) {
    const { columns, rows, rowsPerRack, width, height } = this.geometry;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const rowHeight = height / rows;
    const cellWidth = (width - LABEL_WIDTH) / columns;
    context.fillStyle = colour("--card");
    const packs = columns / this.frame.packCellCount;
    for (let pack = 1; pack < packs; pack += 1) {
      context.fillRect(LABEL_WIDTH + pack * this.frame.packCellCount * cellWidth - 1, 0, 2, height);
    }
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let rack = 0; rack < this.frame.rackCount; rack += 1) {
      const top = rack * rowsPerRack * rowHeight;
      const level = this.levels[rack] || 0;
      context.fillStyle = colour("--card");
      if (rack > 0) context.fillRect(0, top - 1, width, 2);
      if (level > 0) {
        context.fillStyle = colour(`--level-${level}`);
        context.fillRect(0, top + 1, LABEL_WIDTH - 3, rowsPerRack * rowHeight - 2);
        context.strokeStyle = context.fillStyle;
        context.lineWidth = 1.5;
        context.strokeRect(LABEL_WIDTH, top + 1, width - LABEL_WIDTH - 1, rowsPerRack * rowHeight - 2);
      }
      context.fillStyle = level > 0 ? colour("--on-level") : colour("--soft");
      context.fillText(`${level > 0 ? "▲ " : ""}${rack + 1}`, LABEL_WIDTH - 8, top + (rowsPerRack * rowHeight) / 2);
    }
    if (this.pointed !== null && this.pointed < rows * columns) {
      const x = LABEL_WIDTH + (this.pointed % columns) * cellWidth;
      const y = Math.floor(this.pointed / columns) * rowHeight;
      context.strokeStyle = colour("--text");
      context.lineWidth = 2;
      context.strokeRect(x - 1, y, Math.max(3, cellWidth + 2), rowHeight);
    }
  }

  point(event) {
    if (!this.geometry) return;
    const { columns, rows, width, height } = this.geometry;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left - LABEL_WIDTH) / (width - LABEL_WIDTH)) * columns);
    const row = Math.floor(((event.clientY - box.top) / height) * rows);
    const inside = column >= 0 && column < columns && row >= 0 && row < rows;
    this.pointed = inside ? row * columns + column : null;
    this.draw();
  }

  /** Say what the pointer is at. */
  tell() {
    this.reading.classList.toggle("reading", this.pointed !== null);
    if (this.pointed === null) {
      this.reading.textContent = "point at a cell";
      return;
    }
    const { cellCount, packCellCount, voltage, temperature } = this.frame;
    const rack = Math.floor(this.pointed / cellCount) + 1;
    const cell = (this.pointed % cellCount) + 1;
    const pack = Math.floor((cell - 1) / packCellCount) + 1;
    const shown = (value, digits, unit) => (Number.isNaN(value) ? "no reading" : `${value.toFixed(digits)} ${unit}`);
    this.reading.textContent =
      `rack ${rack} · pack ${pack} · cell ${cell}: ${shown(voltage[this.pointed], 3, "V")}, ${shown(temperature[this.pointed], 1, "°C")}`;
  }

  drawBar() {
    const context = this.bar.getContext("2d");
    const gradient = context.createLinearGradient(0, 0, 256, 0);
    const stops = COLOURS[this.quantity];
    stops.forEach((colour, n) => gradient.addColorStop(n / (stops.length - 1), colour));
    const strip = document.createElement("canvas");
    strip.width = 256;
    strip.height = 1;
    const stripContext = strip.getContext("2d", { willReadFrequently: true });
    stripContext.fillStyle = gradient;
    stripContext.fillRect(0, 0, 256, 1);
    const pixels = stripContext.getImageData(0, 0, 256, 1).data;
    this.table = Array.from({ length: 256 }, (_, n) => pixels.slice(4 * n, 4 * n + 3));
    context.drawImage(strip, 0, 0, this.bar.width, this.bar.height);
  }
}
