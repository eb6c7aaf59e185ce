"""Recorded runs of PyTorch, optax, scikit-learn and Transformers, reproduced by the rules.

Nothing but NumPy and lossbook is needed here: records/rosetta/run.py has run the libraries. Values
and their derivatives come from the elementwise functions and textbook formulas, in float64;
weights, masks and denominators come from the rule. Tolerance: the libraries computed in float32.
"""

import ast
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import lossbook as lb
from lossbook import elementwise
from lossbook._rules.other_libraries import ELSEWHERE
from records.rosetta import cases

ROOT = Path(__file__).parents[2]
FOLDER, CHAPTER = ROOT / "records" / "rosetta", ROOT / "book" / "16_rosetta.ipynb"
RECORDED = json.loads((FOLDER / "results.json").read_text())
RESULTS = RECORDED["results"]
CASES = {case["id"]: case for case in cases.CASES}
TOLERANCE = {"rtol": 5e-6, "atol": 3e-7}
TRAINER = [id for id in CASES if "/Trainer." in id]
REFUSED = [id for id, result in RESULTS.items() if "error" in result]
NUMBERS = [id for id in CASES if id not in TRAINER and id not in REFUSED]


class Asked(NamedTuple):
    """What a case asks of a rule, and how coefficients become a gradient."""

    rule: str
    values: Any
    gradient: Any  # coefficients -> gradient with respect to the input
    weight: Any = None
    mask: Any = None
    divisor: float = 1.0


def crossentropy(x, targets):
    """Return the values for targets (N, C), which need not add up to 1, and their gradient."""
    values = elementwise.categorical_crossentropy(targets, x, from_logits=True).sum(-1)
    p = np.exp(x) / np.exp(x).sum(-1, keepdims=True)

    def gradient(coefficients):
        return coefficients[..., None] * (p * targets.sum(-1, keepdims=True) - targets)

    return values, gradient


def cross_entropy_loss(x, y, weight=None, ignore_index=-100, label_smoothing=0.0):
    x, y = np.moveaxis(np.float64(x), 1, -1), np.asarray(y)
    classes = x.shape[-1]
    class_weight = np.ones(classes) if weight is None else np.float64(weight)
    if y.dtype.kind == "f":  # class probabilities: the class weights belong to the elements
        targets, rule, mask = y, "pytorch-elementwise", None
        per_value = None
    else:
        mask = y != ignore_index
        targets = np.eye(classes)[np.where(mask, y, 0)]
        rule, per_value = "pytorch", class_weight[np.where(mask, y, 0)]
    targets = targets * (1 - label_smoothing) + label_smoothing / classes
    if per_value is None or label_smoothing:
        targets = targets * class_weight / (1 if per_value is None else per_value[..., None])
    values, back = crossentropy(x, targets)
    return Asked(rule, values, lambda c: np.moveaxis(back(c), -1, 1), per_value, mask)


def nll_loss(x, y, weight=None, ignore_index=-100):
    x, y = np.moveaxis(np.float64(x), 1, -1), np.asarray(y)
    mask = y != ignore_index
    one_hot = np.eye(x.shape[-1])[np.where(mask, y, 0)]
    weights = None if weight is None else np.asarray(weight)[np.where(mask, y, 0)]
    values = -(x * one_hot).sum(-1)
    back = lambda c: np.moveaxis(-c[..., None] * one_hot, -1, 1)  # noqa: E731
    return Asked("pytorch", values, back, weights, mask)


def bce_loss(p, y, weight=None):
    with np.errstate(divide="ignore"):
        log_p, log_q = (np.maximum(np.log(q), -100) for q in (p, 1 - p))
    values = -(y * log_p + (1 - y) * log_q)
    slope = (p - y) / np.maximum(p * (1 - p), 1e-12)
    return Asked("pytorch-elementwise", values, lambda c: c * slope, weight)


def bce_with_logits_loss(z, y, weight=None, pos_weight=None):
    if pos_weight is not None:  # the weight of an element whose label is 1
        positive = np.where(y == 1, pos_weight, 1.0)
        weight = positive if weight is None else positive * weight
    values = elementwise.binary_crossentropy(y, z, from_logits=True)
    slope = 1 / (1 + np.exp(-z)) - y
    return Asked("pytorch-elementwise", values, lambda c: c * slope, weight)


def kl_div_loss(x, y, log_target=False):
    y = np.exp(y) if log_target else y
    log_y = np.log(y, out=np.zeros_like(y), where=y > 0)
    return Asked("pytorch-elementwise", y * (log_y - x), lambda c: -c * y)


def squared(x, y, weight=None):
    rule = "pytorch-elementwise" if weight is None else "pytorch"
    return Asked(rule, (x - y) ** 2, lambda c: c * 2 * (x - y), weight)


def absolute(x, y, weight=None):
    return Asked("pytorch", np.abs(x - y), lambda c: c * np.sign(x - y), weight)


PYTORCH = {
    "CrossEntropyLoss": cross_entropy_loss,
    "NLLLoss": nll_loss,
    "BCELoss": bce_loss,
    "BCEWithLogitsLoss": bce_with_logits_loss,
    "MSELoss": squared,
    "mse_loss": squared,
    "l1_loss": absolute,
    "KLDivLoss": kl_div_loss,
}


def torch(case):
    options = dict(case["options"])
    reduction = options.pop("reduction")
    arrays = [np.asarray(case[name]) for name in ("input", "target")]
    return PYTORCH[case["loss"]](*arrays, **options), reduction


def optax(case):
    options, x, y = case["options"], np.float64(case["input"]), np.asarray(case["target"])
    if case["loss"] == "sigmoid_binary_cross_entropy":
        asked = bce_with_logits_loss(x, y)
    else:
        asked = Asked("", *crossentropy(x, np.eye(3)[y] if y.ndim == 1 else y))
    how = options.get("reduce", "none")
    rule = "pytorch" if how == "average" else "optax"  # jnp.average divides by the weights
    weight, mask = options.get("weight"), options.get("where")
    how = "mean" if how == "average" else how
    return asked._replace(rule=rule, weight=weight, mask=mask), how


def sklearn(case):
    options, labels = case["options"], np.asarray(case["target"])
    p = np.asarray(case["input"], options.get("dtype", "float32"))
    p = np.stack([1 - p, p], -1) if p.ndim == 1 else p
    eps = np.finfo(p.dtype).eps
    p = np.clip(p, eps, 1 - eps)[np.arange(len(p)), labels]
    weight = options.get("sample_weight")
    reduction = "mean" if options.get("normalize", True) else "sum"
    return Asked("sklearn", -np.log(np.float64(p)), None, weight), reduction


def causal(logits, labels):
    """Return values (N, T), the mask, and the gradient: position t predicts label t + 1."""
    labels = np.asarray(labels)
    shifted = np.concatenate([labels[:, 1:], np.full((len(labels), 1), -100)], axis=1)
    mask = shifted != -100
    one_hot = np.eye(cases.TOKENS)[np.where(mask, shifted, 0)]
    values, gradient = crossentropy(np.float64(logits), one_hot)
    return Asked("transformers", values, gradient, mask=mask)


def transformers(case):
    items = case["options"].get("num_items_in_batch")
    asked = causal(case["input"], case["target"])._replace(divisor=items or 1)
    return asked, "sum" if items else "mean"


LIBRARIES = {"torch": torch, "optax": optax, "sklearn": sklearn, "transformers": transformers}


def ask(case):
    """Return what the rule makes of a case: the Step of the scalar, and the question."""
    asked, reduction = LIBRARIES[case["library"]](case)
    rule = ELSEWHERE[asked.rule]
    return rule.coefficients(asked.values, asked.weight, asked.mask, reduction), asked


def numbers(recorded):
    """Return recorded numbers as an array."""
    return np.array(recorded, dtype="float64")  # "nan" is read as NaN


def test_the_results_belong_to_the_cases():
    assert RECORDED["provenance"]["cases"] == cases.digest()
    assert list(RESULTS) == list(CASES)
    assert len(CASES) == len(cases.CASES) >= 180


@pytest.mark.parametrize("id", NUMBERS)
def test_value_and_gradient(id):
    recorded = RESULTS[id]
    step, asked = ask(CASES[id])
    value = numbers(recorded["value"])
    np.testing.assert_allclose(step.value / asked.divisor, value, **TOLERANCE)
    if recorded["gradient"] is None:
        assert CASES[id]["library"] == "sklearn"
        return
    with np.errstate(invalid="ignore"):
        gradient = asked.gradient(step.coefficients / asked.divisor)
    np.testing.assert_allclose(gradient, numbers(recorded["gradient"]), **TOLERANCE)


@pytest.mark.parametrize("id", REFUSED)
def test_what_a_library_refuses(id):
    with pytest.raises(ValueError, match=r"does not fit values|refuses sample weights"):
        ask(CASES[id])


@pytest.mark.parametrize("id", TRAINER)
def test_what_the_trainer_reports(id):
    case, rule = CASES[id], ELSEWHERE["transformers"]
    batches = list(zip(case["input"], case["target"], strict=True))
    known = case["options"].get("loss_type") == "ForCausalLM"
    losses, items = [], []
    for logits, labels in batches:
        asked = causal(logits, labels)
        total = rule.coefficients(asked.values, mask=asked.mask, reduction="sum").value
        kept = asked.mask if known else np.asarray(labels) != -100
        items.append(kept.sum())
        losses.append(total / kept.sum() if kept.any() else math.nan)
        mean = rule.coefficients(asked.values, mask=asked.mask).value
        np.testing.assert_allclose(losses[-1], mean if known else total / kept.sum())
    if case["loss"] == "Trainer.evaluate":
        expected = rule.epoch(losses, [len(labels) for _, labels in batches]).value
    elif case["options"]["gradient_accumulation_steps"] == 1:
        expected = losses
    else:
        expected = [rule.extras["accumulate"](losses, items).value]
    np.testing.assert_allclose(expected, RESULTS[id]["value"], rtol=1e-4 if "nan" in id else 1e-5)


def test_the_rules_are_among_the_others():
    for name, rule in ELSEWHERE.items():
        assert lb.RULES[name] is rule and rule.name == name
        a = lb.aggregate([1.0, 3.0], rule=name)
        assert (a.total, a.denominator) == (2.0, 2.0)


VALUES, WEIGHTS, KEEP = [1.0, 3.0, 5.0, 7.0], [1.0, 2.0, 0.0, 1.0], [True, True, False, False]


@pytest.mark.parametrize(
    "rule, weights, mask, total, denominator",
    [
        ("pytorch", WEIGHTS, None, 14 / 4, 4),
        ("pytorch", WEIGHTS, KEEP, 7 / 3, 3),
        ("pytorch-elementwise", WEIGHTS, None, 14 / 4, 4),
        ("pytorch-elementwise", [2.0], None, 32 / 4, 4),
        ("optax", WEIGHTS, KEEP, 7 / 2, 2),
        ("sklearn", [0.0, 1.0, 1.0, 0.0], None, 4.0, 2),
        ("transformers", None, KEEP, 2.0, 2),
    ],
)
def test_by_hand(rule, weights, mask, total, denominator):
    step = ELSEWHERE[rule].coefficients(VALUES, weights, mask)
    assert step.value == pytest.approx(total, rel=1e-6)
    assert step.denominator == denominator
    np.testing.assert_allclose(step.coefficients @ np.float32(VALUES), total, rtol=1e-6)
    masked, weighed, weighted, last = ELSEWHERE[rule].stages(VALUES, weights, mask)
    assert (masked is None) == (mask is None) and last.denominator == denominator
    assert (weighed is None) == (weights is None and mask is None)
    assert weighted.value.sum() == pytest.approx(total * denominator, rel=1e-6)


@pytest.mark.parametrize("rule", ["pytorch", "optax", "transformers"])
def test_nothing_kept_is_nan_with_a_gradient_of_zero(rule):
    step = ELSEWHERE[rule].coefficients(VALUES, mask=[False] * 4)
    assert np.isnan(step.value) and step.denominator == 0
    assert not step.coefficients.any()
    assert ELSEWHERE[rule].coefficients(VALUES, mask=[False] * 4, reduction="sum").value == 0


@pytest.mark.parametrize(
    "rule, arguments, message",
    [
        ("pytorch", {"sample_weight": [1.0, 2.0]}, "sample_weight of shape (2,) does not fit"),
        ("pytorch", {"mask": [[True]]}, "mask of shape (1, 1) does not fit values of shape (4,)"),
        ("optax", {"sample_weight": [[1.0]]}, "or one that broadcasts to it from the last axis."),
        ("sklearn", {"mask": KEEP}, "The rule sklearn knows no mask: leave the rows out"),
        ("pytorch-elementwise", {"mask": KEEP}, "knows no mask: multiply by weights of 0 and 1"),
        ("transformers", {"sample_weight": WEIGHTS}, "knows no weights: write a compute_loss_func"),
        ("pytorch", {"reduction": "batchmean"}, "'batchmean' is not one of the rule pytorch, "),
        ("optax", {"reduction": "mean_with_sample_weight"}, "which knows mean, sum, none."),
        ("sklearn", {"reduction": None}, "reduction='none' is not one of the rule sklearn"),
    ],
)
def test_errors(rule, arguments, message):
    with pytest.raises(ValueError) as caught:
        ELSEWHERE[rule].coefficients(VALUES, **arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize("rule", ["pytorch", "pytorch-elementwise", "optax", "sklearn"])
def test_no_epoch(rule):
    with pytest.raises(ValueError, match="reports no loss of an epoch: the loop that you write"):
        ELSEWHERE[rule].epoch([1.0, 2.0], [3, 1])
    assert ELSEWHERE[rule].extras["accumulate"]([1.0, 2.0], [3, 1]).value == 1.5


def test_the_epoch_of_the_trainer():
    rule = ELSEWHERE["transformers"]
    assert rule.epoch([1.0, 2.0], [3, 1]).value == 1.25
    assert rule.epoch([1.0, math.nan, 2.0], [3, 5, 1]).value == 1.25
    assert rule.epoch([1.0, math.nan, 2.0], [3, 5, 1]).coefficients == (0.75, 0.0, 0.25)
    assert math.isnan(rule.epoch([math.nan], 2).value)
    assert rule.extras["accumulate"]([1.0, 2.0], [3, 1]).value == 1.25


def assigned(notebook, name):
    """Return what a cell of the notebook assigns to a name, a literal."""
    for cell in json.loads(notebook.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and f"\n{name} = " in f"\n{source}":
            for node in ast.parse(source.replace("\n%", "\n#")).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                    return ast.literal_eval(node.value)
    raise AssertionError(f"no cell assigns {name}")


def test_the_numbers_typed_in_the_chapter_are_the_recorded_ones():
    typed, rounded = assigned(CHAPTER, "RECORDED"), {"rtol": 0, "atol": 6e-7}
    assert len(typed) >= 20
    for id, (value, *gradient) in typed.items():
        recorded = RESULTS[id]
        np.testing.assert_allclose(numbers(value), numbers(recorded["value"]), **rounded)
        for rows in gradient:
            np.testing.assert_allclose(numbers(rows), numbers(recorded["gradient"]), **rounded)
    weighted = typed["torch/CrossEntropyLoss/weight/mean"][0]
    assert assigned(CHAPTER, "pytorch_loss") == weighted


@pytest.mark.parametrize("name", ["LOGITS", "LABELS", "CLASS_WEIGHT", "TAG_LOGITS", "TAGS"])
def test_the_tensors_typed_in_the_chapter_are_those_of_the_cases(name):
    assert assigned(CHAPTER, name) == getattr(cases, name)
