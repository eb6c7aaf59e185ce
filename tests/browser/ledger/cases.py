"""Random states of the interactive ledger, what it shows, and what lossbook says about each."""

import math
import re
import warnings

import numpy as np

import lossbook as lb
from lossbook._interact.state import RULES, State
from lossbook.reduction import REDUCTIONS

FOUR = "1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-3.15~sum_over_batch_size"
EIGHT = "1~2x2x2~mean~0.1_0.3_0.8_0.4_0.6_0.2_1.2_2~1110~2x1_1_2~keras-3.15~sum_over_batch_size"
READ = """ledger => {
  const root = ledger.shadowRoot, text = node => node ? node.textContent.trim() : null;
  const all = (selector, f = text) => [...root.querySelectorAll(selector)].map(f);
  const row = tr => Object.fromEntries([...tr.cells].slice(1).map(td => [td.dataset.l, {
    text: td.querySelector("input")?.value ?? text(td.querySelector("button, span") ?? td),
    added: text(td.querySelector("small"))}]));
  const at = names => node => node.hidden ? null
    : names.map(name => Number(node.style.getPropertyValue("--" + name)));
  const picture = root.querySelector("figure"), end = root.querySelector(".over");
  const budget = picture.hidden ? null : {
    one: Number(picture.firstChild.style.getPropertyValue("--one")),
    pieces: all(".piece", at(["x", "w"])), holes: all(".hole", at(["x", "w"])),
    areas: all(".area", at(["x", "w", "h"])), level: all(".level", at(["w", "h"]))[0],
    over: at(["x", "w"])(end), said: text(picture.querySelector("figcaption")),
    spoken: picture.firstChild.ariaLabel};
  return {budget, rows: all("tbody tr", row), sums: all("tfoot td"), heads: all("thead th"),
    scalar: text(root.querySelector("output strong")), by: text(root.querySelector("#by")),
    lines: all("li"), link: root.querySelector("#link").href,
    who: all("#who li", li => [li.firstChild.textContent,
      [...li.querySelectorAll("button")].map(b => [b.dataset.rule, b.dataset.reduction])]),
    was: text(root.querySelector("#was")), said: text(root.querySelector("#said")),
    rule: root.querySelector("#rule").value,
    reduction: root.querySelector("#reduction").value};
}"""

# What chance draws too seldom: 0/0 of every kind, a NaN where nothing is kept, weights all 0.
EDGES = [
    f"1~2x2~none~{losses}~{mask}~{weights}~{rule}~{reduction}"
    for losses in ("1_2_3_4", "1_nan_3_4")
    for mask, weights in (("0000", "none"), ("all", "2x2_0_0_0_0"), ("0110", "2x2_1_-1_1_2"))
    for rule, reduction in (
        ("keras-3.15", "mean"),
        ("keras-3.7", "mean_with_sample_weight"),
        ("keras-2.2", "sum_over_batch_size"),
        ("keras-2.2.5", "sum_over_batch_size"),
        ("tf.keras-2.11", "sum_over_batch_size"),
        ("pytorch", "mean"),
        ("pytorch-elementwise", "batchmean"),
        ("sklearn", "mean"),
    )
]
LIBRARIES = ("PyTorch", "optax", "Transformers")  # their masks leave out, instead of times 0


def draw(rng):
    """One state: any rule and reduction, odd shapes, masks and weights; edge values in a fifth."""
    values = tuple(rng.integers(1, 5, size=rng.integers(1, 3)).tolist())
    class_axis = str(rng.choice(["none", "mean", "sum"]))
    classes = () if class_axis == "none" else (int(rng.integers(1, 4)),)
    losses = _numbers(rng.gamma(1.5, 0.6, values + classes))
    odd = rng.random() < 0.2
    if odd:
        losses.flat[rng.integers(losses.size)] = rng.choice([np.nan, np.inf, 0.0, -1.5, 3e-7, 2e9])
    mask = None
    if rng.random() < 0.6:
        mask = rng.random(values) < rng.choice([0.0, 0.5, 0.5, 0.8])
    weight = None
    if rng.random() < 0.7:
        shapes = [values[:1], values[:1] + (1,) * (len(values) - 1), values]
        shape = shapes[rng.integers(3)]
        weight = _numbers(rng.choice([0, 1, 2, 0.5, 1 / 3, 10], shape))
        weight = weight * rng.choice([0, -1, 1], p=[0.1, 0.1, 0.8])
        if rng.random() < 0.1:
            weight.flat[:] = np.resize([1.0, -1.0], weight.size)  # the sum may be 0
    families = sorted({family for several in RULES.values() for family in several})
    rule = str(rng.choice(["keras-3.15", "keras-2.2", *families]))
    return State(losses, class_axis, mask, weight, rule, str(rng.choice(REDUCTIONS)))


def _numbers(array):
    """Keep the digits that the text of a state keeps."""
    return np.reshape([float(f"{x:.7g}") for x in np.ravel(array)], np.shape(array))


def expected(state):
    """What a ledger has to show: numbers as floats, None for a refusal; whether it must warn."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with np.errstate(all="ignore"):
            values = state.values
            try:
                answer = lb.aggregate(
                    values,
                    state.weight,
                    None if state.mask is None or state.mask.all() else state.mask,
                    state.rule,
                    state.reduction,
                )
            except ValueError:
                return None
            per_class = 1 / state.losses.shape[-1] if state.class_axis == "mean" else 1
            coefficients = answer.coefficients * per_class
            spread = coefficients if state.class_axis == "none" else coefficients[..., None]
            contributions = spread * state.losses
            if lb.RULES[state.rule].framework in LIBRARIES and state.mask is not None:
                keep = state.mask if state.class_axis == "none" else state.mask[..., None]
                contributions = np.where(keep, contributions, 0)
    warned = " ".join(str(w.message) for w in caught)
    return {
        "values": values.ravel(),
        "coefficients": coefficients.ravel(),
        "lengths": np.abs(answer.coefficients).ravel(),
        "contributions": contributions.ravel(),
        "denominator": float(answer.denominator),
        "total": np.asarray(answer.total),
        "wrong_axis": "it acts on axis" in warned,
        "few_weights": "divides by the sum of the weights" in warned,
    }


def number(text):
    """Read a number that the ledger shows; "1/6" is one too."""
    text = text.replace("−", "-").replace("∞", "inf")
    top, _, under = text.partition("/")
    return float(top) / float(under or 1)


def shows(text, value, unit=None):
    """Say whether a text with 4 significant digits stands for a value (in units of its sums)."""
    if not math.isfinite(value):
        return str(number(text)) == str(value)
    if "/" in text:
        return math.isclose(number(text), value, rel_tol=1e-8)
    exponent = math.floor(math.log10(abs(value))) if value else 0
    half = 0.5000001 * 10.0 ** (exponent - 3)
    return abs(number(text) - value) <= max(half, 1e-12 * (unit or 0))


def compare_budget(drawn, right, state):
    """Compare every length of the budget bar, and every height below it, with lossbook's."""
    lengths, total = right["lengths"], right["total"]
    if state.reduction == "none" or not np.isfinite(lengths.sum()):
        assert drawn is None
        return
    empty = 0.0
    if state.reduction in ("mean", "sum_over_batch_size"):
        mask = np.ones(lengths.shape, bool) if state.mask is None else state.mask.ravel()
        fits = [c for c in (mask | True, mask) if abs(c.sum() - right["denominator"]) < 1e-5]
        counted = fits[0] if fits else mask & False
        lacks = np.where(counted, np.maximum(0, 1 / max(counted.sum(), 1) - lengths), 0)
        empty = 1 - lengths.sum() if lacks.sum() and lengths.sum() < 1 - 1e-6 else 0.0
    holes = lacks / lacks.sum() * empty if empty else 0 * lengths
    scale = 1 / max(1, lengths.sum() + empty)
    assert math.isclose(drawn["one"], scale, rel_tol=1e-6)
    start = 0.0
    values = np.abs(right["values"])
    heights = [*values[lengths > 0], abs(float(total))]
    top = max([x for x in heights if math.isfinite(x)], default=0) or 1
    for i, (length, hole) in enumerate(zip(lengths, holes, strict=True)):
        for kind, x, width in (("pieces", start, length), ("holes", start + length, hole)):
            place = drawn[kind][i] or [x * scale, 0]
            np.testing.assert_allclose(place, [x * scale, width * scale], rtol=1e-6, atol=1e-6)
        area = drawn["areas"][i]
        if area is not None:
            expect = [start * scale, length * scale, values[i] / top]
            np.testing.assert_allclose(area, expect, rtol=1e-6, atol=1e-6)
        else:
            assert length < 1e-8 or not math.isfinite(values[i])
        start += length + hole
    if math.isfinite(total):
        level = [scale, abs(float(total)) / top]
        np.testing.assert_allclose(drawn["level"], level, rtol=1e-6, atol=1e-9)
    else:
        assert drawn["level"] is None
    assert (drawn["over"] is not None) == (start > 1 + 1e-9)
    assert ("stays empty" in drawn["said"]) == (empty > 0)
    assert ("stick out" in drawn["said"]) == (lengths.sum() > 1 + 1e-6)


def compare(shown, state):
    """Compare every number that a ledger shows with lossbook's; say whether it was refused."""
    right = expected(state)
    if right is None:
        assert shown["budget"] is None
        assert shown["sums"] == ["–", "–"], shown["scalar"]
        assert {r["coefficient"]["text"] for r in shown["rows"]} == {"–"}
        return True
    compare_budget(shown["budget"], right, state)
    losses = state.losses.reshape(state.values.size, -1)
    contributions = right["contributions"].reshape(losses.shape)
    unit = np.abs(contributions[np.isfinite(contributions)]).sum()
    mask = np.ones(len(losses), bool) if state.mask is None else state.mask.ravel()
    for i, row in enumerate(shown["rows"]):
        several = losses.shape[1] > 1
        for c in range(losses.shape[1]):
            cell = row[f"class {c}" if several else "loss"]
            assert shows(cell["text"], losses[i, c])
            if several:
                assert shows(cell["added"].removeprefix("+"), contributions[i, c])
        if several:
            assert shows(row["value"]["text"], right["values"][i], np.abs(losses[i]).sum())
        assert row["mask"]["text"] == str(bool(mask[i]))
        assert shows(row["coefficient"]["text"], right["coefficients"][i])
        with np.errstate(all="ignore"):
            assert shows(row["contribution"]["text"], contributions[i].sum(), unit)
        if state.weight is not None:
            per_sample = state.weight.size == state.weight.shape[0]
            weights = state.weight.ravel()
            place = i // (len(losses) // len(weights)) if per_sample else i
            assert shows(row["weight"]["text"], weights[place])
    with np.errstate(all="ignore"):
        total = np.nan if state.reduction == "none" else float(right["total"])
        spread = right["coefficients"] * losses.shape[1]
        assert shows(shown["sums"][0], spread.sum(), np.abs(spread).sum())
        assert shows(shown["sums"][1], contributions.sum(), unit)
    lines = " ".join(shown["lines"])
    if state.reduction == "none":
        assert shown["scalar"] == "an array, " + str(right["total"].shape)
    else:
        assert shows(shown["scalar"], total, unit)
        ratio, denominator = re.match(r"(\S+ / (\S+?))divided", shown["by"]).groups()
        assert shows(denominator, right["denominator"])
        assert f") / {denominator} = {ratio} = {shown['scalar']}" in lines
        top = number(ratio.split(" / ")[0])
        if right["denominator"] and math.isfinite(total):
            wanted = total * right["denominator"]
            assert shows(ratio.split(" / ")[0], wanted, unit * abs(right["denominator"])), top
    assert ("meet the last axis" in lines) >= right["wrong_axis"]
    assert ("times the weighted mean" in lines) == right["few_weights"]
    return False
