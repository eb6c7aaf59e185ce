/* The ledger that a reader can touch: change a loss, the mask, a weight, the rule, and see the
   coefficients and the scalar follow. One custom element, without a framework or a request:
   <lossbook-ledger data-state="...">a table, for where scripts don't run</lossbook-ledger>
   The rules are lossbook.RULES: a browser test compares every number. */
(() => {
"use strict";
if (!globalThis.customElements || customElements.get("lossbook-ledger")) return;

class Refusal extends Error {}
const refuse = (text) => { throw new Refusal(text); };
const size = (shape) => shape.reduce((a, b) => a * b, 1);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const show = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
const alike = (a, b) => String(a) === String(b);
const copy = (state) => structuredClone(state);

// --- How weights of shape w, (batch,), (batch, 1) or that of the values, meet values of shape v:
// each value has the weight of its sample, of its position, or its own

const meant = (w, v) => (size(w) === size(v) ? "value" : "sample");
const unfit = (w, v) =>
  refuse(`weights of shape ${show(w)} do not fit values of shape ${show(v)} here`);
const fromTheLast = (w, v) => { // as NumPy matches shapes
  if (w.length === v.length || w[0] === 1) return meant(w, v);
  return w[0] === v[1] ? "position" : unfit(w, v);
};
const fromTheLastOrOne = (w, v) => (v[1] === 1 ? "value" : fromTheLast(w, v)); // Keras 3
const oneOrTwo = (w, v) => (w.length === 2 && !alike(w, v) ? unfit(w, v) : meant(w, v));
const exactly = (w, v) => (alike(w, v) ? "value" : unfit(w, v));
const weightAt = (how, i, v) =>
  how === "value" ? i : how === "sample" ? Math.floor(i / (v[1] ?? 1)) : i % v[1];

// --- The rules: name, reductions, how weights fit, and
// masks: "kept" divides by the values that are kept, "all" by all of them, none refuses a mask;
// safe: a division by 0 gives 0; epsilon: added to how many are kept; nonzero: weights are divided
// by the share of them that is not 0; byWeight: a mean divides by their sum; drops: what is masked
// is left out, not multiplied by 0.

const MEAN = ["sum_over_batch_size", "mean"], ONE = [MEAN[0]], THREE = [...ONE, "sum", "none"];
const FIVE = [...MEAN, "mean_with_sample_weight", "sum", "none"];
const TORCH = [...MEAN, "sum", "none"];
const keras3 = { fit: fromTheLastOrOne, masks: "kept", safe: true };
const guarded = { ...keras3, epsilon: 1e-7 };
const before = { fit: oneOrTwo, masks: "kept", nonzero: true };
const RULES = {
  "keras-3.15": ["Keras 3.13 to 3.15", FIVE, keras3],
  "keras-3.7": ["Keras 3.7 to 3.12", FIVE, guarded],
  "keras-3.3": ["Keras 3.0 to 3.6", THREE, guarded],
  "keras-2.3": ["Keras 2.3", THREE, { fit: oneOrTwo, masks: "all" }],
  "keras-2.2.5": ["Keras 2.2.5", ONE, { ...before, epsilon: 1e-7 }],
  "keras-2.2": ["Keras 2.2.0 to 2.2.4", ONE, before],
  "tf.keras-2.11": ["tf.keras 2.11 to 2.15", THREE, { fit: meant, masks: "kept" }],
  "tf.keras-2.7": ["tf.keras 2.2 to 2.10", THREE, { fit: meant, masks: "all" }],
  "tf.keras-1.15": ["tf.keras 1.15 to 2.1", THREE, { fit: oneOrTwo, masks: "all" }],
  "pytorch": ["PyTorch, cross_entropy, mse_loss", TORCH,
    { fit: exactly, masks: "kept", byWeight: true, drops: true }],
  "pytorch-elementwise": ["PyTorch, BCE and KL", [...TORCH, "batchmean"], { fit: fromTheLast }],
  "optax": ["optax", TORCH, { fit: fromTheLast, masks: "kept", drops: true }],
  "sklearn": ["scikit-learn", [...MEAN, "sum"], { fit: exactly, byWeight: true, some: true }],
  "transformers": ["Transformers", [...MEAN, "sum"],
    { fit: () => refuse("it knows no weights"), masks: "kept", drops: true }],
};

const valuesShape = ({ axis, shape }) => (axis === "none" ? shape : shape.slice(0, -1));

// From a state to all that is shown. The class axis comes first, as in the loss function.
function compute(state) {
  const { losses, kept, weight, reduction } = state, v = valuesShape(state), n = size(v);
  const classes = losses.length / n, by = state.axis === "mean" ? classes : 1, notes = [];
  const [name, reductions, rule] = RULES[state.rule];
  const values = kept.map((_, i) => sum(losses.slice(i * classes, (i + 1) * classes)) / by);
  const masked = kept.includes(0), valid = sum(kept), mean = MEAN.includes(reduction);
  const done = { name, values, classes, notes };
  try {
    if (!reductions.includes(reduction)) refuse(`it has no reduction ${reduction}`);
    if (masked && !rule.masks) refuse("it knows no mask; a weight of 0 comes closest");
    done.how = weight && rule.fit(weight.shape, v);
    if (rule.some && weight && !weight.data.some((w) => w)) refuse("all weights are 0");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...done, refusal: error.message, coefficients: [], contributions: [] };
  }
  if (done.how === "position") notes.push(`Weights of shape ${show(weight.shape)} meet the last ` +
    `axis, the positions. One weight per sample has the shape (${v[0]}, 1).`);
  let weights = weight?.data ?? [];
  const used = weights.filter((w) => w).length, count = weights.length;
  if (rule.nonzero && used < count) {
    weights = weights.map((w) => (w * count) / used);
    notes.push("First the weights are divided by the share of them that is not 0, " +
      `${used}/${count}: 1 becomes ${used ? brief(count / used) : "0/0"}.`);
  }
  const factors = kept.map((m, i) => (weight ? m * weights[weightAt(done.how, i, v)] : m));
  const out = (i) => rule.drops && !kept[i];

  let [denominator, why] = [n, "the number of all values"];
  if (reduction === "sum" || reduction === "none") [denominator, why] = [1, "nothing"];
  else if (reduction === "batchmean") [denominator, why] = [v[0], "the number of samples"];
  else if (weight && (rule.byWeight || !mean)) {
    // Keras 3 adds up the weights in their own shape, as long as no mask has stretched them.
    [denominator, why] = [sum(mean || masked ? factors : weights), "the sum of the weights"];
    if (!masked && count < n) notes.push(`The sum of ${count} weights divides the ` +
      `sum of ${n} values: ${n / count} times the weighted mean.`);
  } else if (masked && rule.masks === "kept")
    [denominator, why] = [valid + (mean && rule.epsilon * (rule.nonzero ? n : 1) || 0),
      "the values that the mask keeps"];
  if (!valid) notes.push("The mask keeps nothing.");
  if (!denominator && rule.safe) notes.push("Keras takes a division by 0 for 0.");

  const divide = (x) => x / (denominator || (rule.safe ? n : 0));
  const top = sum(values.map((x, i) => (out(i) ? 0 : factors[i] * x)));
  const coefficients = factors.map((f, i) =>
    out(i) || (rule.safe && !denominator) ? 0 : divide(f) / by);
  const contributions = losses.map((x, i) => {
    const row = Math.floor(i / classes);
    return out(row) ? 0 : coefficients[row] * x;
  });
  return { ...done, factors, denominator, why, top, coefficients, contributions,
    total: rule.safe && !denominator && !(mean && top !== top) ? 0 : divide(top) };
}

// --- Numbers, and the text of a state: "1~2x3~none~0.1_0.2_...~all~none~keras-3.15~sum"

const minus = (text) => String(text).replaceAll("-", "−");
function brief(x) { // 4 significant digits
  const near = Math.round(x), a = Math.abs(x);
  if (!Number.isFinite(x)) return minus(x).replace("Infinity", "∞");
  if (a < 1e6 && Math.abs(x - near) <= 1e-9 * a) return minus(near);
  return minus(a >= 1e-4 && a < 9999.5 ? x.toPrecision(4) : x.toExponential(3).replace("+", ""));
}
function fraction(x) { // 1/6 where it is that simple
  for (let d = 2; d < 1000; d++) {
    const n = Math.round(x * d);
    if (n && n % d && Math.abs(n) < 10 && Math.abs(x * d - n) <= 1e-9 * Math.abs(n))
      return minus(`${n}/${d}`);
  }
  return brief(x);
}
function parse(text) { // a number, or null; also "1/3", "0,5"
  const plain = text.trim().replaceAll("−", "-").replace(",", ".").toLowerCase();
  const special = { nan: NaN, inf: 1 / 0, "∞": 1 / 0, "-inf": -1 / 0, "-∞": -1 / 0 };
  if (plain in special) return special[plain];
  const part = /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/, [top, under = "1", more] = plain.split("/");
  return part.test(top) && part.test(under) && more === undefined ? top / under : null;
}
const written = (x) => String(x).replace("+", "").replace("Infinity", "inf").toLowerCase();

const encode = (s) => ["1", s.shape.join("x"), s.axis, s.losses.map(written).join("_"),
  s.kept.includes(0) ? s.kept.join("") : "all",
  s.weight ? [s.weight.shape.join("x"), ...s.weight.data.map(written)].join("_") : "none",
  s.rule, s.reduction].join("~");

const shapesFor = (v) => [[v[0]], v.map((n, i) => (i ? 1 : n)), v];

function decode(text) {
  const parts = text.split("~"), [version, lengths, axis, losses, mask, weights] = parts;
  const check = (right, what) => { if (!right) throw new RangeError(what); };
  const shapeOf = (x) => {
    check(/^[1-9]\d*(x[1-9]\d*)*$/.test(x), "shape");
    return x.split("x").map(Number);
  };
  const numbers = (list, what) => list.map(parse).map((x) => (check(x !== null, what), x));
  check(version === "1", "version");
  check(parts.length === 8, "length");
  const shape = shapeOf(lengths), v = valuesShape({ axis, shape }), n = size(v);
  check(["mean", "sum", "none"].includes(axis), "class axis");
  check(v.length && v.length < 3 && size(shape) <= 200, "shape");
  const s = { shape, axis, losses: numbers(losses.split("_"), "losses"), weight: null };
  check(s.losses.length === size(shape), "losses");
  check(mask === "all" || (/^[01]+$/.test(mask) && mask.length === n), "mask");
  s.kept = mask === "all" ? Array(n).fill(1) : [...mask].map(Number);
  if (weights !== "none") {
    const [first, ...rest] = weights.split("_");
    s.weight = { shape: shapeOf(first), data: numbers(rest, "weights") };
    check(s.weight.data.every(Number.isFinite) && rest.length === size(s.weight.shape) &&
      shapesFor(v).some((w) => alike(w, s.weight.shape)), "weights");
  }
  [s.rule, s.reduction] = parts.slice(6);
  check(Object.hasOwn(RULES, s.rule), "rule");
  check([...FIVE, "batchmean"].includes(s.reduction), "reduction");
  return s;
}

// --- What is shown; the colours are those of the page, whatever page it is

const CSS = `:host{display:block;margin:1.2em 0;line-height:1.4;font-variant-numeric:tabular-nums;
--a:#2b4fc7;--g:#1a7f4b;--l:color-mix(in srgb,currentColor 50%,transparent);
--bg:var(--lb-background,var(--jp-layout-color0,var(--vscode-editor-background,Canvas)))}
:host([dark]){--a:#93b1ff;--g:#6fd6a0;color-scheme:dark}
*{box-sizing:border-box}
[hidden]{display:none!important}
.bar{display:flex;flex-wrap:wrap;gap:.5em 1em;align-items:center;margin:.6em 0}
label{flex:1 1 auto;font-size:.85em;max-width:100%}
select,input,button{font:inherit;font-variant-numeric:inherit;color:inherit;background:var(--bg);
border:1px solid var(--l);border-radius:.3em;min-height:2em;padding:.1em .4em}
select,label input{display:block;width:100%}
button{cursor:pointer;padding:.1em .7em}
:focus-visible{outline:.15em solid var(--a);outline-offset:.1em}
.hero{position:sticky;top:var(--ledger-top,0);z-index:2;display:flex;flex-wrap:wrap;gap:0 1em;
align-items:end;padding:.4em .8em;border-left:.3em solid var(--a);border-radius:0 .4em .4em 0;
background:color-mix(in srgb,var(--a) 11%,var(--bg))}
output strong{display:block;font-size:2.2em;line-height:1.15}
output.no strong{font-size:1.1em}
output{flex:1 0 auto}#by{flex:1 1 6em;text-align:right}
small,td::before{display:block;font-size:.8em;font-weight:400;opacity:.85}
.box{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.4em 0}
caption,:host([narrow]) thead{position:absolute;clip-path:inset(50%)}
th,td{padding:.3em .4em;text-align:left;vertical-align:top;border-bottom:1px solid var(--l)}
th{white-space:nowrap}thead th{font-size:.85em;vertical-align:bottom}
.n{text-align:right}
input{width:5em;max-width:100%}
input[aria-invalid=true]{outline:.15em dashed #d33}
[aria-pressed=true]{border-color:var(--a);font-weight:650}
[aria-pressed=false]{border-style:dashed}
.off{background:repeating-linear-gradient(135deg,transparent 0 .5em,
color-mix(in srgb,currentColor 13%,transparent) .5em .57em)}
.c::after{content:"";display:block;height:.25em;margin-left:auto;background:var(--g);
width:calc(var(--w,0)*100%)}
li{overflow-wrap:anywhere}ul{padding-left:1.2em}
a{color:var(--a)}
:host([narrow]) :is(table,tbody,tfoot){display:block}
:host([narrow]) tr{display:grid;grid-template-columns:repeat(var(--n),1fr);gap:.5em;
padding:.6em .3em;border-bottom:1px solid var(--l)}
:host([narrow]) :is(th,td){border:0;padding:0;text-align:left}
:host([narrow]) tbody th{grid-column:span 2}:host([narrow]) .m{grid-column:3/-1}
:host([narrow]) label{flex-basis:40%}
:host([narrow]) td::before{content:attr(data-l)}
:host([narrow]) .m::before{display:inline;margin-right:.5em}
:host([narrow]) .c::after{margin:0}`;

const HTML = `<style>${CSS}</style><div class="bar"><label>Rule<select id="rule"></select></label>
<label>Reduction<select id="reduction"></select></label>
<label>Class axis<select id="axis"><option>mean<option>sum</select></label>
<label>Weights<select id="shape"></select></label></div>
<div class="hero"><output id="scalar" aria-live="polite"></output><div id="by"></div></div>
<div class="box"><table role="table"></table></div><ul></ul><p id="said" role="status"></p>
<div class="bar"><a id="link">Link to these numbers</a><button id="copy">Copy the link</button>
<button id="again">Start again</button>
<label><span id="axes"></span><input id="size"></label></div>`;

function el(tag, given, ...children) {
  const node = Object.assign(document.createElement(tag), given);
  node.append(...children);
  return node;
}

class Ledger extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    try { this.first = decode(this.dataset.state); } catch { return; } // the static table stays
    this.state = copy(this.first);
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = HTML;
    this.$ = (id) => root.getElementById(id);
    this.table = root.querySelector("table");
    this.$("rule").append(...Object.entries(RULES).map(([name, [text]]) => new Option(text, name)));
    this.$("reduction").append(...[...FIVE, "batchmean"].map((name) => new Option(name)));
    root.addEventListener("input", ({ target }) => this.edited(target));
    root.addEventListener("change", ({ target }) => {
      if (target.id === "size") this.resize(target.value);
      else if (target.ariaInvalid === "true") this.write();
    });
    root.addEventListener("click", ({ target }) => this.clicked(target.closest("button")));
    // Keys typed here are no shortcuts of the page, nor of JupyterLab.
    root.addEventListener("keydown", (event) => event.stopPropagation());
    this.dataset.lmSuppressShortcuts = true;
    addEventListener("hashchange", () => this.read());
    const tone = () => {
      const [r, g, b] = getComputedStyle(this).color.match(/[\d.]+/g);
      this.toggleAttribute("dark", r * 0.3 + g * 0.6 + b * 0.1 > 130);
    };
    for (const node of [document.documentElement, document.body])
      new MutationObserver(tone).observe(node, { attributes: true });
    matchMedia("(prefers-color-scheme:dark)").addEventListener("change", tone);
    tone();
    new ResizeObserver(() => requestAnimationFrame(() => this.fold())).observe(this);
    this.build();
    this.read();
  }

  // Too narrow for a table: each row becomes a card.
  fold() {
    const { table } = this;
    this.removeAttribute("narrow");
    this.toggleAttribute("narrow", table.offsetWidth > table.parentNode.clientWidth);
  }

  // The state that the address holds, if it holds one.
  read() {
    const key = `#${this.id}=`;
    if (!this.id || !location.hash.startsWith(key)) return;
    this.say("");
    try {
      this.state = decode(decodeURIComponent(location.hash.slice(key.length)));
    } catch (error) {
      this.state = copy(this.first);
      this.say(`This link cannot be read (${error.message}). Here is the page's own example.`);
    }
    this.build();
    this.scrollIntoView();
  }

  say(text) { this.$("said").textContent = text; }

  clicked(button) {
    if (!button) return;
    this.say("");
    if (button.id === "copy") {
      Promise.resolve(navigator.clipboard?.writeText(this.$("link").href) ?? Promise.reject())
        .then(() => this.say("Copied."), () => this.say("Copy the link itself."));
      return;
    }
    if (button.id === "again") {
      this.state = copy(this.first);
      this.build();
    } else this.state.kept[button.value] ^= 1;
    this.update(true);
  }

  edited(target) {
    const { id, value, name, place } = target, { state } = this;
    if (id === "size") return;
    if (id === "shape") this.weigh(value);
    else if (id) state[id] = value;
    else {
      const list = name === "loss" ? state.losses : state.weight.data, x = parse(value);
      const good = x !== null && (name === "loss" || Number.isFinite(x));
      target.ariaInvalid = !good;
      this.say(good ? "" : `“${value}” is no number: ${brief(list[place])} still counts.`);
      if (!good) return;
      list[place] = x;
    }
    this.update(true);
  }

  // In another shape the numbers stay where they are, and begin again where they end.
  resize(text) {
    const { state } = this, old = state.shape, shape = (text.match(/\d+/g) ?? []).map(Number);
    if (shape.length !== old.length || !size(shape) || size(shape) > 200) {
      this.say(`A shape here is ${old.length} numbers, 200 losses at most.`);
      return this.write();
    }
    const tiled = (list, from, to) => Array.from({ length: size(to) }, (_, i) =>
      list[to.reduce((place, n, k) =>
        place * from[k] + (Math.floor(i / size(to.slice(k + 1))) % n) % from[k], 0)]);
    const v = valuesShape(state), { weight } = state;
    state.losses = tiled(state.losses, old, shape);
    state.shape = shape;
    const values = valuesShape(state);
    state.kept = tiled(state.kept, v, values);
    if (weight) {
      const to = weight.shape.map((n, k) => (n === v[k] ? values[k] : n));
      state.weight = { shape: to, data: tiled(weight.data, weight.shape, to) };
    }
    this.say("");
    this.build();
    this.update(true);
  }

  // Weights of another shape take what stood in their places.
  weigh(text) {
    const { state } = this, v = valuesShape(state), old = state.weight;
    const shape = text.split("x").map(Number), data = [];
    const at = (w, i) => weightAt(meant(w, v), i, v);
    state.kept.forEach((_, i) => { data[at(shape, i)] ??= old ? old.data[at(old.shape, i)] : 1; });
    state.weight = text === "none" ? null : { shape, data };
    this.build();
  }

  build() {
    const { state } = this, v = valuesShape(state), n = state.losses.length / size(v);
    const { weight } = state, classes = n > 1, shapes = new Map([["none", "none"]]);
    for (const w of shapesFor(v))
      shapes.set(w.join("x"), `${show(w)}, per ${size(w) > v[0] ? "value" : "sample"}`);
    this.$("shape").replaceChildren(...[...shapes].map(([w, text]) => new Option(text, w)));
    this.$("axis").parentNode.hidden = state.axis === "none";
    this.$("axes").textContent = ["Samples", v.length > 1 && "positions", state.axis !== "none" &&
      "classes"].filter(Boolean).join(", ");

    const names = ["sample", "mask", ...(classes ? Array(n).keys() : ["loss"])];
    const losses = names.slice(2).map((c) => (classes ? `class ${c}` : c));
    const columns = [...names.slice(0, 2), ...losses, ...(classes ? ["value"] : []),
      ...(weight ? ["weight"] : []), "coefficient", "contribution"];
    const cell = (label, className, ...children) => {
      const td = el("td", { className, role: "cell" }, ...children);
      td.dataset.l = label;
      return td;
    };
    const field = (name, place, ariaLabel) =>
      el("input", { name, place, ariaLabel, inputMode: "decimal", autocomplete: "off" });
    const seen = new Set();
    this.rows = state.kept.map((_, i) => {
      const sample = `sample ${Math.floor(i / (v[1] ?? 1))}`;
      const position = v[1] ? `position ${i % v[1]}` : "", where = `${sample} ${position}`.trim();
      const row = { where, keep: el("button", { value: i }) };
      row.losses = losses.map((name, c) => field("loss", i * n + c, `${name}, ${where}`));
      row.parts = losses.map(() => el("small", {}));
      if (weight) {
        row.place = weightAt(meant(weight.shape, v), i, v);
        row.weight = seen.has(row.place) ? el("span", {})
          : field("weight", row.place, `weight, ${where}`);
        seen.add(row.place);
      }
      row.value = cell("value", "n");
      row.coefficient = cell("coefficient", "n");
      row.contribution = cell("contribution", "n c");
      row.line = el("tr", { role: "row" },
        el("th", { scope: "row", role: "rowheader" }, sample, " ", el("small", {}, position)),
        cell("mask", "m", row.keep),
        ...row.losses.map((loss, c) => cell(losses[c], "", loss, row.parts[c])),
        ...(classes ? [row.value] : []), ...(weight ? [cell("weight", "", row.weight)] : []),
        row.coefficient, row.contribution);
      return row;
    });
    this.sums = ["coefficients", "contributions"].map((text) => cell(text, "n"));
    const heads = columns.map((name) => el("th",
      { scope: "col", role: "columnheader", className: /^(val|co)/.test(name) ? "n" : "" }, name,
      ...(name === "mask" ? [el("small", {}, "True: keep")] : []),
      ...(name === "coefficient" && classes ? [el("small", {}, "of each loss")] : [])));
    const sumOf = el("th", { scope: "row", role: "rowheader", colSpan: heads.length - 2 }, "sum");
    const group = (tag, ...rows) => el(tag, { role: "rowgroup" }, ...rows);
    this.table.style.setProperty("--n", columns.length === 6 ? 4 : 3);
    this.table.replaceChildren(
      el("caption", {}, "Losses, mask, weights, coefficients and contributions"),
      group("thead", el("tr", { role: "row" }, ...heads)),
      group("tbody", ...this.rows.map((row) => row.line)),
      group("tfoot", el("tr", { role: "row" }, sumOf, ...this.sums)));
    this.write();
    this.update();
    this.fold();
  }

  // The state, into the fields.
  write() {
    const { state, table } = this;
    for (const id of ["rule", "reduction", "axis"]) this.$(id).value = state[id];
    this.$("shape").value = state.weight ? state.weight.shape.join("x") : "none";
    this.$("size").value = state.shape.join(", ");
    for (const input of table.querySelectorAll("input")) {
      input.value = brief((input.name === "loss" ? state.losses : state.weight.data)[input.place]);
      input.ariaInvalid = false;
    }
  }

  // All that follows from the state.
  update(byHand) {
    const { state, rows } = this, done = compute(state), n = done.classes;
    const { refusal, coefficients, contributions, factors } = done;
    const array = state.reduction === "none", number = (x, as = brief) => (refusal ? "–" : as(x));
    const added = rows.map((_, i) => sum(contributions.slice(i * n, i * n + n)));
    const most = Math.max(...added.map(Math.abs).filter(Number.isFinite));
    rows.forEach((row, i) => {
      const kept = state.kept[i] === 1, { keep, contribution } = row;
      row.line.className = kept ? "" : "off";
      keep.textContent = kept ? "True" : "False";
      keep.ariaPressed = kept;
      keep.ariaLabel = `${keep.textContent}, mask, ${row.where}`;
      row.value.textContent = brief(done.values[i]);
      if (row.weight && !row.weight.name)
        row.weight.textContent = brief(state.weight.data[row.place]);
      row.parts.forEach((node, c) => {
        const x = contributions[i * n + c];
        node.textContent = n > 1 ? (x >= 0 ? "+" : "") + number(x) : "";
      });
      row.coefficient.textContent = number(coefficients[i], fraction);
      contribution.textContent = number(added[i]);
      contribution.style.setProperty("--w", (most && Math.abs(added[i]) / most) || 0);
    });
    this.sums[0].textContent = number(sum(coefficients) * n, fraction);
    this.sums[1].textContent = number(sum(added));

    const total = array ? `an array, ${show(valuesShape(state))}` : number(done.total, (x) =>
      Number.isInteger(x) && Math.abs(x) < 1000 ? minus(x.toPrecision(4)) : brief(x));
    this.$("scalar").className = refusal || array ? "no" : "";
    this.$("scalar").replaceChildren(`${done.name} ${refusal ? "refuses" : "gives"} `,
      el("strong", {}, refusal ?? total));
    const ratio = refusal ? "" : `${brief(done.top)} / ${brief(done.denominator)}`;
    this.$("by").replaceChildren(array ? "" : ratio,
      el("small", {}, refusal ? "" : array ? "nothing is added up" : `divided by ${done.why}`));
    const lines = [...done.notes];
    if (!refusal && !array) {
      const terms = done.values.map((x, i) =>
        (factors[i] === 1 ? "" : `${brief(factors[i])} · `) + brief(x))
        .filter((_, i) => state.kept[i]);
      if (terms.length > 12) terms.splice(12, terms.length, "…");
      lines.unshift(`loss = (${terms.join(" + ") || 0}) / ${brief(done.denominator)} = ${ratio}` +
        ` = ${total}`);
    }
    this.table.parentNode.nextSibling.replaceChildren(...lines.map((line) => el("li", {}, line)));

    const hash = `#${this.id || "ledger"}=${encode(state)}`;
    const page = this.id ? location.href.split("#")[0] : this.dataset.page;
    this.$("link").hidden = this.$("copy").hidden = !page;
    this.$("link").href = page ? page + hash : hash;
    if (this.id && byHand) try { history.replaceState(null, "", hash); } catch { /* too often */ }
  }
}
customElements.define("lossbook-ledger", Ledger);
})();
