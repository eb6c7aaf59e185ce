
// --- The element

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
    this.budget = new Budget(root.querySelector("figure"));
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
    } else if (button.dataset.rule) {
      Object.assign(this.state, button.dataset);
      this.write();
    } else this.state.kept[button.value] ^= 1;
    this.update(true);
  }

  edited(target) {
    const { id, value, name, place } = target, { state } = this;
    if (id === "size") return;
    if (id === "saw") return this.search();
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

  // Who gives the number that was typed: its formula, and a button for each rule.
  search() {
    const text = this.$("saw").value, number = parse(text), list = this.$("who");
    this.$("saw").ariaInvalid = Boolean(text.trim()) && number === null;
    if (number === null) return list.replaceChildren();
    const { found, nearest } = whoPrinted(this.state, text);
    const button = ({ rule, reduction, name }) => {
      const node = el("button", {}, reduction === MEAN[0] ? name : `${name}, ${reduction}`);
      Object.assign(node.dataset, { rule, reduction });
      return node;
    };
    list.replaceChildren(...found.map(({ how, ways }) =>
      el("li", {}, `${how}: `, ...ways.map(button))));
    if (!found.length) list.append(el("li", {}, "No rule and no usual slip gives that here. " +
      (nearest ? `The nearest is ${brief(nearest.total)}, by ${nearest.name}.` : "")));
  }

  build() {
    this.shown = null;
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
    this.budget.build(this.rows.map(({ where }) => where.replace(/[a-z]+ (\d+)/g, "$1")
      .replace(" ", "·")));
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
        node.title = "its part of the contribution";
      });
      row.coefficient.textContent = number(coefficients[i], fraction);
      contribution.textContent = number(added[i]);
      contribution.style.setProperty("--w", (most && Math.abs(added[i]) / most) || 0);
    });
    this.sums[0].textContent = number(sum(coefficients) * n, fraction);
    this.sums[1].textContent = number(sum(added));
    this.budget.show(!refusal && !array && done);

    const total = array ? `an array, ${show(valuesShape(state))}` : number(done.total, (x) =>
      Number.isInteger(x) && Math.abs(x) < 1000 ? minus(x.toPrecision(4)) : brief(x));
    this.$("scalar").className = refusal || array ? "no" : "";
    this.$("scalar").replaceChildren(`${done.name} ${refusal ? "refuses" : "gives"} `,
      el("strong", {}, refusal ?? total));
    if (this.shown !== total) {
      this.$("was").textContent = (byHand && this.shown) || "";
      this.shown = total;
    }
    this.search();
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
