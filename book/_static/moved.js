/* The upgrade adviser: two releases and what a model uses -> which recorded numbers moved, as
   lossbook.atlas.moved says it (a browser test compares them). One custom element around the table
   for where scripts don't run; tools/sphinx_extensions/upgrade_adviser.py puts the data here. */
(() => {
"use strict";
const DATA = null;
if (!DATA || customElements.get("lossbook-moved")) return;
const { releases, lines, ways, noReason, noBack, noOld, backWith } = DATA;
const USES = Object.keys(DATA.uses), NEWEST = releases.length - 1, KEY = "#moved=";
const LETTERS = DATA.letters.map((runs) =>
  runs.replace(/(\D)(\d+)/g, (_, letter, count) => letter.repeat(count)));

// --- The same as lossbook/atlas/_moved.py, with places in the list of releases for names.

const lineOf = (release) => lines.findIndex((line) => line.includes(release));

function wayBetween(from, to) {
  if (from > to) return wayBetween(to, from).reverse();
  const first = lineOf(from), last = lineOf(to), middle = first < 2 && last > 2 ? lines[2] : [];
  const inside = (line) => line.filter((release) => release >= from && release <= to);
  if (first === last) return inside(lines[first]);
  return [...inside(lines[first]), ...middle, ...inside(lines[last])];
}

const kindOf = (kinds, before, after) => kinds.find((kind) =>
  DATA.witnesses[kind].some((row) => LETTERS[row][before] !== LETTERS[row][after]));

function moved(from, to, chosen) { // chosen: bits, as in the cases
  const way = wayBetween(from, to), moves = [], within = (used) => (used & chosen) === Number(used);
  const current = lineOf(to) === lines.length - 1;
  let compared = 0;
  for (const [used, count] of Object.entries(DATA.still)) compared += within(used) ? count : 0;
  for (const [id, title, used, kinds, rows] of DATA.cases) {
    if (!within(used)) continue;
    for (const [method, numbers, row, back = ""] of rows) {
      compared += 1;
      const letters = LETTERS[row], old = letters[from], name = DATA.methods[method];
      if (old === letters[to]) continue;
      const number = (letter) => numbers.split("|")[letter.charCodeAt(0) - 97] ?? "refused";
      const steps = way.slice(1).map((release, i) => [way[i], release])
        .filter(([before, after]) => letters[before] !== letters[after]);
      const known = name.includes(" ") ? [DATA.logged, ...kinds] : kinds; // a number in the log
      const kindsOf = new Set(steps.map(([before, after]) => kindOf(known, before, after)));
      const code = current && letters[to] === letters[NEWEST]
        ? back.split(" ").find((steps) => steps[0] === old)?.slice(1).split(".") ?? [] : [];
      moves.push({
        key: name === "evaluate" ? id : `${id} ${name}`, title, used,
        old: number(old), now: number(letters[to]), refused: old === ".",
        since: `Changed in ${steps.map(([, release]) => releases[release]).join(", then in ")}.`,
        why: [...kindsOf].filter((kind) => kind !== undefined).map((kind) => DATA.says[kind]).join(" "),
        code: code.map((step) => ways[step]).join("\n"),
      });
    }
  }
  return { moves, compared };
}

// --- What is shown

const CSS = `lossbook-moved :is(form, fieldset){display:grid;gap:.4em 1em;
grid-template-columns:repeat(auto-fill,minmax(min(12em,100%),1fr))}
lossbook-moved fieldset{grid-column:1/-1;border:1px solid var(--lb-line);border-radius:.4rem;margin:0}
lossbook-moved label{font-size:.9em}
lossbook-moved select{display:block;width:100%;font:inherit;color:inherit;min-height:2.2em;
background:var(--lb-background);border:1px solid var(--lb-line);border-radius:.3em}
lossbook-moved input{accent-color:var(--lb-primary);margin:0 .3em 0 0}
lossbook-moved :focus-visible{outline:.15em solid var(--lb-primary);outline-offset:.1em}
lossbook-moved [role=status]{font-weight:650;margin:1em 0}
lossbook-moved section{margin-bottom:1.8em}
lossbook-moved pre{margin:.5em 0;padding:.6em 1em}
lossbook-moved td:not(:first-child){font-variant-numeric:tabular-nums}
lossbook-moved th code,lossbook-moved th small{display:block;font-weight:400}
lossbook-moved tbody th small{opacity:.85}`;
const groups = (list, key) => {
  const found = new Map();
  for (const one of list) found.set(key(one), [...(found.get(key(one)) ?? []), one]);
  return [...found.values()];
};
const words = (used) => {
  const names = USES.filter((_, bit) => used & (1 << bit));
  const said = names.length ? names.map((name) => DATA.uses[name]) : ["nothing of all this"];
  return `With ${said.length > 1 ? `${said.slice(0, -1).join(", ")} and ` : ""}${said.at(-1)}`;
};
function el(tag, given = {}, ...children) {
  const node = Object.assign(document.createElement(tag), given);
  node.append(...children);
  return node;
}

function table(moves) {
  const heads = ["case", "old", "new"];
  const head = el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)));
  const rows = moves.map(({ key, title, old, now }) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, key), el("small", {}, title)),
    el("td", {}, old), el("td", {}, now)));
  const whole = el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
  return el("div", { className: "lb-narrow" }, el("div", { className: "scrolls" }, whole));
}

function block(moves) {
  const [{ since, why, code }] = moves, none = moves.every(({ refused }) => refused);
  const said = code ? backWith : none ? noOld : noBack;
  return el("section", {}, el("p", {}, since, el("br"), why || noReason), table(moves),
    el("p", {}, said), ...(code ? [el("pre", {}, code)] : []));
}

class Adviser extends HTMLElement {
  connectedCallback() {
    if (this.form) return;
    const select = (name, text) => {
      const list = el("select", { name });
      for (const [place, release] of releases.entries()) list.append(new Option(release, place));
      return el("label", {}, text, list);
    };
    const box = ([name, text]) =>
      el("label", {}, el("input", { type: "checkbox", name: "uses", value: name }), text);
    this.form = el("form", {},
      select("from", "You left"), select("to", "You have"),
      el("fieldset", {}, el("legend", {}, "What your model uses"),
        ...Object.entries(DATA.uses).map(box)));
    this.said = el("p", { role: "status" });
    this.said.ariaLive = "polite";
    this.list = el("div", {});
    this.form.addEventListener("input", () => { this.show(); this.keep(); });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("keydown", (event) => event.stopPropagation());
    addEventListener("hashchange", () => this.read());
    const { from, to, uses: used } = this.dataset;
    this.set(from, to, used.split(" "));
    this.replaceChildren(el("style", {}, CSS), this.form, this.said, this.list);
    this.read();
  }

  set(from, to, used) {
    const { elements } = this.form;
    if (!releases.includes(from) || !releases.includes(to)) return false;
    elements.from.value = releases.indexOf(from);
    elements.to.value = releases.indexOf(to);
    for (const one of elements.uses) one.checked = used.includes(one.value);
    this.show();
    return true;
  }

  // The state that the address holds, if it holds one: #moved=FROM~TO~NAME.NAME
  read() {
    if (!location.hash.startsWith(KEY)) return;
    const [from, to, used = ""] = decodeURIComponent(location.hash.slice(KEY.length)).split("~");
    if (this.set(from, to, used.split("."))) this.scrollIntoView();
    else this.said.textContent = "This link names no release that was recorded.";
  }

  chosen() {
    const { from, to, uses: boxes } = this.form.elements;
    const used = [...boxes].filter(({ checked }) => checked).map(({ value }) => value);
    return [Number(from.value), Number(to.value), used];
  }

  keep() {
    const [from, to, used] = this.chosen();
    history.replaceState(null, "", `${KEY}${releases[from]}~${releases[to]}~${used.join(".")}`);
  }

  show() {
    const [from, to, used] = this.chosen();
    const bits = used.reduce((sum, name) => sum | (1 << USES.indexOf(name)), 0);
    const { moves, compared } = moved(from, to, bits);
    this.said.textContent = `${moves.length} of ${compared} recorded numbers moved.`;
    this.list.replaceChildren(...groups(moves, ({ used }) => used).flatMap((some) => [
      el("p", {}, el("strong", {}, words(some[0].used))),
      ...groups(some, ({ since, why, code }) => [since, why, code].join("\n\n")).map(block),
    ]));
    setTimeout(() => { // for the keyboard, once the page is laid out
      for (const box of this.list.querySelectorAll(".scrolls, pre"))
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    });
  }
}
customElements.define("lossbook-moved", Adviser);
})();
