"""What the cheat sheet says, as tables; the page and the picture are made of the same rows.

The words are in content.toml. The rules and their numbers come from `lossbook.RULES`: the example
is computed, not typed.
"""

import tomllib
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import lossbook as lb
from lossbook.plots._path import _PATH

WORDS = tomllib.loads(Path(__file__).with_name("content.toml").read_text(encoding="utf-8"))
VALUES = [1.0, 2.0, 6.0, 7.0]
HALF = [1, 1, 0, 0]
NUMBERS = ("plain", "weights", "mask")
LETTERS = "n values ℓ, mask m, weights w"
FRAMEWORKS = {"keras": "Keras", "tf.keras": "tf.keras"}


class Table(NamedTuple):
    """A table of the sheet; each row is a tuple of texts and the chapter that explains it."""

    title: str
    head: tuple
    rows: list


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
    rows = []
    for i, (name, formula, *_) in enumerate(_PATH, start=1):
        stage = WORDS["stages"][name]
        rows.append(((f"{i}  {name}", formula, stage["effect"]), stage["chapter"]))
    head = ("stage", "what Keras 3 does", "coefficient of an element")
    return Table("From a tensor to one number", head, rows)


def reductions():
    rows = [((name, by, *numbers("keras-3", name)), 6) for name, by in WORDS["reductions"].items()]
    rows.append((("none", "nothing, and no sum: the array itself", "–", "–", "–"), 6))
    return Table("Five reductions", ("reduction", "Keras 3 divides the sum by", *NUMBERS), rows)


def versions(rules):
    """Return "3.0 to 3.15" for neighbouring families."""
    first = rules[0].versions.replace(",", " to").split(" to ")[0]
    last = rules[-1].versions.replace(",", " to").split(" to ")[-1]
    return first if first == last else f"{first} to {last}"


def rules():
    """One row for neighbouring families with the same formula and the same numbers."""
    rows = []

    def alike(rule):
        return rule.framework, rule.formula, numbers(rule.name)

    for (framework, formula, shown), found in groupby(lb.RULES.values(), alike):
        family = list(found)
        name = f"{FRAMEWORKS.get(framework, framework)} {versions(family)}"
        special = family[0].name.rpartition("-")[2]
        name += {"class": ", loss objects", "elementwise": ", BCE"}.get(special, "")
        chapter = 16 if framework not in FRAMEWORKS else 14 if "2.2" in name else 15
        rows.append(((name, f"${formula}$", *shown), chapter))
    head = ("release", f"default reduction: {LETTERS}", *NUMBERS)
    return Table("The same losses elsewhere", head, rows)


def wishes():
    rows = [((wish["i_want"], wish["write"]), wish["chapter"]) for wish in WORDS["wish"]]
    return Table("What to write", ("I want", "in Keras 3"), rows)


def tables():
    return [path(), reductions(), rules(), wishes()]
