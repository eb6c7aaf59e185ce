
// --- The budget: the coefficients of the values as lengths, one after the other, and the mark at
// 1. What the denominator counts and no weight takes stays empty, at the place of those that take
// less than an equal share.

function budget({ coefficients, by, counted, denominator, values, total }) {
  const lengths = coefficients.map((c) => Math.abs(c * by)), taken = sum(lengths);
  if (!lengths.length || !Number.isFinite(taken)) return null;
  const lacks = lengths.map((x, i) => (counted?.[i] ? Math.max(0, 1 / denominator - x) : 0));
  const empty = 1 - taken > 1e-6 && sum(lacks) ? 1 - taken : 0;
  let end = 0;
  const pieces = lengths.map((length, i) => {
    const hole = empty && (lacks[i] / sum(lacks)) * empty, start = end;
    end += length + hole;
    return { start, length, hole, height: values[i], negative: coefficients[i] < 0 };
  });
  return { pieces, taken, empty, end, total };
}

class Budget {
  constructor(figure) {
    this.figure = figure;
    [this.rail, this.areas] = ["rail", "areas"].map((className) => el("div", { className }));
    this.picture = el("div", { role: "img" }, this.rail, this.areas);
    this.said = el("figcaption", {});
    figure.append(this.picture, this.said);
  }

  // Pieces for the values of a state, named as its rows are.
  build(names) {
    const pieces = (...classes) => names.map(() => classes.map((className) =>
      el("i", { className })));
    this.names = names;
    this.onRail = pieces("piece", "hole");
    this.below = pieces("area").flat();
    this.over = el("i", { className: "over" });
    this.level = el("i", { className: "level" });
    this.rail.replaceChildren(...this.onRail.flat(), this.over);
    this.areas.replaceChildren(...this.below, this.level);
  }

  show(done) {
    const drawn = done && budget(done), { figure, picture, said } = this;
    figure.hidden = !drawn;
    if (!drawn) return;
    const { pieces, taken, empty, end, total } = drawn, scale = 1 / Math.max(1, end);
    const place = (node, start, length, rest = {}) => {
      node.hidden = !(length > 1e-9);
      for (const [name, x] of Object.entries({ x: start * scale, w: length * scale, ...rest }))
        node.style.setProperty(`--${name}`, x);
    };
    const shown = pieces.filter(({ length }) => length).map(({ height }) => Math.abs(height));
    const top = Math.max(...[...shown, Math.abs(total)].filter(Number.isFinite)) || 1;
    pieces.forEach(({ start, length, hole, height, negative }, i) => {
      const [piece, gap] = this.onRail[i], area = this.below[i];
      place(piece, start, length);
      place(gap, start + length, hole);
      place(area, start, Number.isFinite(height) ? length : 0, { h: Math.abs(height) / top });
      piece.textContent = length * scale > 0.022 * (1 + this.names[i].length) ? this.names[i] : "";
      piece.classList.toggle("minus", negative);
      area.classList.toggle("minus", negative !== height < 0);
    });
    place(this.over, 1, end - 1);
    place(this.level, 0, Number.isFinite(total) ? 1 : 0, { h: Math.abs(total) / top });
    this.areas.dataset.loss = `loss ${brief(total)}`;
    this.areas.style.setProperty("--h", Math.abs(total) / top || 0);
    picture.style.setProperty("--one", scale);
    said.textContent = empty ? `${fraction(empty)} of the budget stays empty: it is divided by, ` +
      "and no loss takes it." : Math.abs(taken - 1) < 1e-6 ? "The coefficients fill the budget " +
      "of 1: the loss is a mean." : taken > 1 ? `The coefficients add up to ${fraction(taken)}: ` +
      "they stick out over the mark at 1." : "No loss has a coefficient.";
    const part = ({ length, hole }, i) => `${this.names[i]} takes ${fraction(length)}` +
      (hole ? `, ${fraction(hole)} empty` : "");
    picture.ariaLabel = `Budget bar of the coefficients: ${pieces.slice(0, 12).map(part)
      .join("; ")}${pieces.length > 12 ? "; …" : ""}; together ${fraction(taken)} of 1. ` +
      "Below it the contributions as areas, as high as the losses.";
  }
}
