
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
