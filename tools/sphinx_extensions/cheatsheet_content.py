"""What the cheat sheet says, as tables; the page and the picture are made of the same rows.

The rules and their numbers come from `lossbook.RULES`: the example is computed, not typed.
"""

from itertools import groupby
from typing import NamedTuple

import lossbook as lb
from lossbook.plots._path import _PATH

VALUES = [1.0, 2.0, 6.0, 7.0]
HALF = [1, 1, 0, 0]
NUMBERS = ("plain", "weights", "mask")
EXAMPLE = (
    "The numbers: what becomes of the losses 1, 2, 6, 7 as they are, with weights 1, 1, 0, 0, and "
    "with a mask that keeps the first two."
)
LETTERS = "n values ℓ, mask m, weights w"

# What a stage does to the coefficient of an element, and its chapter; the rest is lb.plots.path's.
EFFECT = {
    "elementwise": ("1", 2),
    "class axis": ("× 1/C for a mean, × 1 for a sum", 3),
    "mask": ("0, or × total / valid", 4),
    "weights": ("× w, and nothing else", 5),
    "reduction": ("÷ number of values, zero weights included", 6),
    "outputs": ("× loss_weight", 7),
    "additional losses": ("has none: added, undivided", 8),
    "epochs": ("× rows of the batch / all rows", 9),
}
WISHES = (
    ("the mean over what is not padding", "a mask, or ignore_class; not weights of 0", 4),
    ("a mean weighted by w", "sample_weight = w / w.mean()", 5),
    ("the same, within each batch", 'reduction="mean_with_sample_weight"', 6),
    ("class weights for pixels, steps", "sample_weight = weights[labels]", 5),
    ("one weight per sequence, image", "sample_weight of shape (B, 1), (B, 1, 1)", 5),
    ("the loss without penalties", "the same function in metrics", 8),
    ("a loss of my own", "return (batch, ...): no last mean, no sum", 11),
    ("one number on every backend", "logits out, from_logits=True", 2),
    ("PyTorch's CrossEntropyLoss(weight=w)", "mean_with_sample_weight, sample_weight = w[y]", 16),
    ("to know what made my number", "lb.explain, lb.audit, lb.identify", 13),
)
FRAMEWORKS = {"keras": "Keras", "tf.keras": "tf.keras"}


class Table(NamedTuple):
    """A table of the sheet; `chapters` has the chapter of each row, or None."""

    title: str
    head: tuple
    rows: list
    chapters: list


def number(rule, reduction="sum_over_batch_size", **what):
    """Return what a rule makes of the example, in four digits; a dash where it refuses."""
    try:
        return f"{float(lb.aggregate(VALUES, rule=rule, reduction=reduction, **what).total):.4g}"
    except ValueError:
        return "–"


def numbers(rule, reduction="sum_over_batch_size"):
    return (
        number(rule, reduction),
        number(rule, reduction, sample_weight=HALF),
        number(rule, reduction, mask=[bool(one) for one in HALF]),
    )


def path():
    rows = [
        (f"{i}  {name}", formula, EFFECT[name][0]) for i, (name, formula, *_) in enumerate(_PATH, 1)
    ]
    head = ("stage", "what Keras 3 does", "coefficient of an element")
    return Table("From a tensor to one number", head, rows, [EFFECT[one[0]][1] for one in _PATH])


def reductions():
    divisors = {
        "sum_over_batch_size": "values (under a mask: valid ones)",
        "mean": "the same",
        "mean_with_sample_weight": "sum of mask · weights",
        "sum": "nothing",
    }
    rows = [(name, by, *numbers("keras-3", name)) for name, by in divisors.items()]
    rows.append(("none", "nothing, and no sum: the array itself", "–", "–", "–"))
    head = ("reduction", "Keras 3 divides the sum by", *NUMBERS)
    return Table("Five reductions", head, rows, [6] * len(rows))


def versions(rules):
    """Return "3.0 to 3.15" for neighbouring families."""
    first = rules[0].versions.replace(",", " to").split(" to ")[0]
    last = rules[-1].versions.replace(",", " to").split(" to ")[-1]
    return first if first == last else f"{first} to {last}"


def rules():
    """One row for neighbouring families with the same formula and the same numbers."""
    rows, chapters = [], []

    def alike(rule):
        return rule.framework, rule.formula, numbers(rule.name)

    for (framework, formula, shown), found in groupby(lb.RULES.values(), alike):
        family = list(found)
        name = f"{FRAMEWORKS.get(framework, framework)} {versions(family)}"
        special = family[0].name.rpartition("-")[2]
        name += {"class": ", loss objects", "elementwise": ", BCE, MSE"}.get(special, "")
        rows.append((name, f"${formula}$", *shown))
        chapters.append(16 if framework not in FRAMEWORKS else 14 if "2.2" in name else 15)
    head = ("release", f"default reduction: {LETTERS}", *NUMBERS)
    return Table("The same losses elsewhere", head, rows, chapters)


def wishes():
    rows = [(wish, way) for wish, way, _ in WISHES]
    return Table("What to write", ("I want", "in Keras 3"), rows, [one[2] for one in WISHES])


def tables():
    return [path(), reductions(), rules(), wishes()]
