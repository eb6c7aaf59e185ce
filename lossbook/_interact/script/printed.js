// --- Which rule printed my number? Every rule and reduction is tried on these losses, mask and
// weights; then, under the chosen rule, the usual slips.

const SLIPS = [
  ["The weights were forgotten", (s) => s.weight && { ...s, weight: null }],
  ["The mask was forgotten", (s) => s.kept.includes(0) && { ...s, kept: s.kept.map(() => 1) }],
  ["Mask and weights were forgotten", (s) => s.weight && s.kept.includes(0) &&
    { ...s, weight: null, kept: s.kept.map(() => 1) }],
  ["The classes were summed, not averaged", (s) => s.axis === "mean" && { ...s, axis: "sum" }],
  ["The classes were averaged, not summed", (s) => s.axis === "sum" && { ...s, axis: "mean" }],
];
const FACTORS = [
  [() => 0.5, "A factor of 1/2 came in"],
  [(v) => 1 / v[0], "It was divided once more by the number of samples"],
  [(v) => v[1] ?? 1, "The positions were summed, not averaged"],
];

// Half a unit of the last digit that was printed.
function halfUnit(text) {
  const [, decimals = "", exponent = 0] =
    text.trim().replace(",", ".").match(/^[-−]?\d*(?:\.(\d*))?(?:e([-+]?\d+))?$/i) ?? [];
  return 0.5 * 10 ** (exponent - decimals.length);
}

// All that gives the number: [{ how, ways: [{ rule, reduction, name }] }], and the nearest one.
function whoPrinted(state, text) {
  const number = parse(text), found = new Map();
  let nearest = null;
  const fits = (done, factor = 1) => {
    const off = Math.abs(done.total * factor - number);
    const rounding = 2e-6 * sum(done.contributions.map(Math.abs)) * factor;
    if (factor === 1 && !(off >= (nearest?.off ?? 1 / 0))) nearest = { off, ...done };
    return off <= halfUnit(text) * (1 + 1e-9) + rounding;
  };
  const keep = (how, way) => found.set(how, [...(found.get(how) ?? []), way]);
  const reductions = (rule) => RULES[rule][1].filter((name) => name !== "none");
  const by = (done) => `${brief(done.top)} / ${brief(done.denominator)}, ` +
    `divided by ${done.why}`;
  for (const rule in RULES) for (const reduction of reductions(rule)) {
    const done = compute({ ...state, rule, reduction });
    if (!done.refusal && fits(done)) keep(by(done), { rule, reduction, name: done.name });
  }
  const { rule } = state, v = valuesShape(state);
  if (!found.size) for (const reduction of reductions(rule)) {
    const way = { rule, reduction, name: RULES[rule][0] };
    for (const [said, change] of SLIPS) {
      const other = change(state), done = other && compute({ ...other, rule, reduction });
      if (done && !done.refusal && fits(done)) keep(`${said}: ${by(done)}`, way);
    }
    const done = compute({ ...state, rule, reduction });
    for (const [factor, said] of FACTORS)
      if (!done.refusal && factor(v) !== 1 && fits(done, factor(v)))
        keep(`${said}: ${by(done)}`, way);
  }
  return { found: [...found].map(([how, ways]) => ({ how, ways })), nearest };
}
