/* The ledger that a reader can touch: change a loss, the mask, a weight, the rule, and see the
   coefficients and the scalar follow. One custom element, without a framework or a request:
   <lossbook-ledger data-state="...">a table, for where scripts don't run</lossbook-ledger>
   The rules are lossbook.RULES: a browser test compares every number. */
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

  let [denominator, why, counted] = [n, "the number of all values", values.map(() => 1)];
  if (reduction === "sum" || reduction === "none") [denominator, why, counted] = [1, "nothing"];
  else if (reduction === "batchmean")
    [denominator, why, counted] = [v[0], "the number of samples"];
  else if (weight && (rule.byWeight || !mean)) {
    // Keras 3 adds up the weights in their own shape, as long as no mask has stretched them.
    [denominator, why, counted] = [sum(mean || masked ? factors : weights),
      "the sum of the weights"];
    if (!masked && count < n) notes.push(`The sum of ${count} weights divides the ` +
      `sum of ${n} values: ${n / count} times the weighted mean.`);
  } else if (masked && rule.masks === "kept")
    [denominator, why, counted] = [valid + (mean && rule.epsilon * (rule.nonzero ? n : 1) || 0),
      "the values that the mask keeps", kept];
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
  return { ...done, by, factors, counted, denominator, why, top, coefficients, contributions,
    total: rule.safe && !denominator && !(mean && top !== top) ? 0 : divide(top) };
}
