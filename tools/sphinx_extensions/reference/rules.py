"""The catalogue of rules, made of `lossbook.RULES` and of runs when the site is built.

As a Sphinx extension this gives book/rules.md the directive `{rules}`, with one of four arguments:
`index`, a list of links, and `keras`, `tf.keras` and `elsewhere`. Each rule has a section with its
name as address. Formulas and references are those of the Rule objects, sentences those of their
functions, numbers come from `lossbook.aggregate`, and the cases from `lossbook.atlas`.
"""

from functools import partial

import numpy as np

import lossbook as lb
from lossbook import atlas
from lossbook._interact.state import State, rule_of
from lossbook.rules import resolve
from tools.sphinx_extensions.markdown_directive import add_markdown, fill

LOSSES = np.array([0.2, 0.4, 1.0, 2.0])
WEIGHTS = np.array([4.0, 1.0, 0.0, 0.0])
MASK = np.array([True, True, True, False])
GIVEN = {
    "nothing": (None, None),
    "weights 4, 1, 0, 0": (WEIGHTS, None),
    "a mask that keeps three": (None, MASK),
    "both": (WEIGHTS, MASK),
}
BATCHES = ([2.0, 8.0], [3, 1])  # losses and rows
PENALTY = (6.0, 3)  # an activity penalty, and the rows of the batch
VECTOR = [1.0, 2.0]
GIVEN_TO = {"activity_penalty": PENALTY, "add_loss": (VECTOR,), "accumulate": BATCHES}
SHOWN = 6  # cases of a rule
CLASSES = "tf.keras-1.13-class"  # of the same release as another rule
# The last release before a line began.
BEFORE = {"tf.keras-2.0.4": "tf.keras-1.15.5", "keras-3.0.5": "tf.keras-2.15.1"}
CHAPTERS = {  # where a rule is read with comments
    "keras": ("06_reduction", "Reduction"),
    "keras-2": ("14_keras_2", "The Keras 2.2 path"),
    "tf.keras": ("15_atlas", "The atlas of releases"),
    "": ("16_rosetta", "Rosetta"),
}


def digits(x):
    return " ".join(f"{float(one):#.4g}" for one in np.ravel(x)).replace("nan", "NaN")


def states(rule):
    """Yield what is given, the state of the ledger or None, divisor and loss; or the refusal."""
    for given, (weight, mask) in GIVEN.items():
        row = {"given": given, "state": None, "divisor": "", "total": "", "refusal": ""}
        try:
            found = lb.aggregate(LOSSES, weight, mask, rule.name)
        except ValueError as error:
            yield row | {"refusal": str(error)}
            continue
        row |= {"divisor": digits(found.denominator), "total": digits(found.total)}
        try:
            state = State(LOSSES, mask=mask, weight=weight, rule=rule_of(rule.name))
            same = np.isclose(state.aggregate().total, found.total, equal_nan=True)
            row["state"] = state.text() if same else None
        except ValueError:  # the ledger has no such rule
            pass
        yield row


def said(function, *arguments):
    """Return what a function of a rule does, in its own words, and what it gives."""
    plain = function.func if isinstance(function, partial) else function
    try:
        result = function(*arguments)
    except ValueError as error:
        return {"words": str(error), "result": ""}
    words = plain.__doc__.strip().splitlines()[0].removeprefix("Return ")
    result = getattr(result, "value", result)
    return {"words": words[0].upper() + words[1:], "result": digits(result)}


def releases_of(rule):
    """Return the recorded releases that have a rule, oldest first."""
    if rule.name == CLASSES:
        return ["tf.keras-1.13.1"]
    return [name for name in atlas.releases() if resolve(name) is rule]


def apart(rule):
    """Return the release before a rule's first one, and what moved between the two."""
    first, *_ = releases_of(rule)
    line = next(line for line in atlas.lines().values() if first in line)
    before = line[line.index(first) - 1] if line[0] != first else BEFORE.get(first)
    if before is None or rule.name == CLASSES:
        return None
    return {"release": before, "moves": atlas.moved(before, first).moves}


def source(rule):
    """Return the address of the file in which a rule is written, "" for other libraries."""
    path = rule.reference.partition("::")[0]
    if not releases_of(rule):
        return ""
    framework, _, release = releases_of(rule)[0].partition("-")
    version = tuple(int(part) for part in release.split("."))
    if path.startswith("tensorflow/"):
        return f"https://github.com/tensorflow/tensorflow/blob/v{release}/{path}"
    if framework == "tf.keras":  # Keras was tagged apart from TensorFlow
        release = f"{version[0]}.{version[1]}.0"
    tag = release if version < (2, 4) else f"v{release}"
    if version < (3, 3):  # in the package, keras/src; in the repository not yet
        path = path.replace("keras/src/", "keras/")
    return f"https://github.com/keras-team/keras/blob/{tag}/{path}"


def chapter(rule):
    key = "keras-2" if rule.name.startswith("keras-2") else rule.framework
    file, title = CHAPTERS.get(key, CHAPTERS[""])
    return {"file": file, "title": title}


def section(rule):
    """Return all that a section says of a rule."""
    return {
        "rule": rule,
        "states": list(states(rule)),
        "epoch": said(rule.epoch, *BATCHES),
        "generator": said(rule.from_generator, *BATCHES),
        "on_batch": said(rule.on_batch, *BATCHES),
        "extras": {name: said(extra, *GIVEN_TO[name]) for name, extra in rule.extras.items()},
        "recorded": atlas.spans(releases_of(rule)),
        "apart": apart(rule) if releases_of(rule) else None,
        "source": source(rule),
        "chapter": chapter(rule),
    }


def rules(part):
    """Return the rules of a part of the page, newest first."""
    kinds = {"keras": ("keras",), "tf.keras": ("tf.keras",)}
    if part not in (*kinds, "elsewhere"):
        raise ValueError(f"rules has the parts keras, tf.keras and elsewhere, not {part!r}")
    known = [rule for rule in lb.RULES.values() if rule.framework in kinds.get(part, ())]
    others = [rule for rule in lb.RULES.values() if rule.framework not in ("keras", "tf.keras")]
    return known[::-1] or others


def index():
    """Return a table of links to all sections."""
    parts = {part: rules(part) for part in ("keras", "tf.keras", "elsewhere")}
    return fill("rules.md.j2", index=parts, sections=(), shown=SHOWN)


def on_page(part):
    if part == "index":
        return index()
    sections = [section(rule) for rule in rules(part)]
    return fill("rules.md.j2", index={}, sections=sections, shown=SHOWN)


def setup(app):
    """Give the page its directive."""
    add_markdown(app, "rules", on_page)
