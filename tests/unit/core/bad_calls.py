"""Bad calls of every public function: each argument in turn is replaced by what it does not take.

    python -m tests.unit.core.bad_calls

prints those whose error is raw: raised by Python, NumPy or a backend, not by a `raise` of lossbook.
"""

import ast
import inspect
import os
import traceback
import warnings
from collections import Counter
from functools import cache

import matplotlib
import numpy as np

import lossbook as lb
from lossbook import atlas, elementwise, exercises, plots, reduction, total

PACKAGE = os.path.dirname(lb.__file__)
Y = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "float32")
P = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2]], "float32")
V, W = np.array([1.0, 2.0, 6.0]), np.array([0.5, 1.0, 2.0])
LABELS = np.array([0, 1])

BAD = {
    "None": lambda: None,
    "[]": lambda: [],
    "''": lambda: "",
    "text": lambda: "abc",
    "nan": lambda: float("nan"),
    "-1": lambda: -1,
    "rank 5": lambda: np.ones((2, 1, 2, 1, 2)),
    "objects": lambda: np.array([{}, None], object),
    "generator": lambda: (n for n in range(2)),
    "dict": lambda: {"a": 1},
    "list of lists": lambda: [[1.0], [1.0, 2.0]],
    "type": lambda: int,
}


def functions():
    """Yield the name of each public function, the function, and arguments that it takes."""
    yield (
        "trace",
        lb.trace,
        {
            "loss": "mse",
            "y_true": Y,
            "y_pred": P,
            "sample_weight": W[:2],
            "mask": np.array([True, False]),
            "reduction": "sum",
            "rule": "keras-3",
            "dtype": "float32",
        },
    )
    yield (
        "trace(bce)",
        lb.trace,
        {
            "loss": "bce",
            "y_true": Y,
            "y_pred": P,
            "from_logits": False,
            "label_smoothing": 0.0,
            "axis": -1,
        },
    )
    yield "trace(dice)", lb.trace, {"loss": "dice", "y_true": Y, "y_pred": P, "axis": None}
    given = {"values": V, "sample_weight": W, "mask": W > 0.5}
    yield "aggregate", lb.aggregate, {**given, "rule": "keras-3", "reduction": "sum"}
    for rule in ("keras-2.2", "tf.keras-2.4", "pytorch", "sklearn", "transformers"):
        given = {"values": V, "sample_weight": W, "mask": W > 0.5}
        if rule == "sklearn":
            given.pop("mask")
        if rule == "transformers":
            given.pop("sample_weight")
        call = lambda rule=rule, **arguments: lb.aggregate(**arguments, rule=rule)  # noqa: E731
        yield f"aggregate({rule})", call, given
    yield (
        "identify",
        lb.identify,
        {
            "value": "1.5",
            "values": V,
            "sample_weight": W,
            "mask": W > 0.5,
            "batch_size": 2,
            "loss_weight": 2.0,
            "additional": 1.0,
            "divisor": 3.0,
            "rtol": 1e-3,
        },
    )
    yield (
        "identify(loss)",
        lb.identify,
        {
            "value": "1.5",
            "loss": "bce",
            "y_true": Y,
            "y_pred": P,
            "sample_weight": W[:2],
            "mask": W[:2] > 0.5,
            "dtype": "float32",
            "from_logits": False,
            "batch_size": 1,
        },
    )
    epochs = {"batch_losses": [1.0, 2.0], "batch_sizes": [2, 1], "rule": "keras-3"}
    yield "epoch_loss", lb.epoch_loss, epochs
    for rule in ("keras-3.0", "transformers", "keras-2.3"):
        of_rule = lambda rule=rule, **arguments: lb.epoch_loss(**arguments, rule=rule)  # noqa: E731
        yield f"epoch_loss({rule})", of_rule, {"batch_losses": [1.0], "batch_sizes": [2]}
    yield "source", lb.source, {"name": "reduce_weighted_values"}
    yield from _parts()


def _parts():
    options = {
        "from_logits": False,
        "label_smoothing": 0.1,
        "axis": -1,
        "delta": 1.0,
        "alpha": 0.25,
        "gamma": 2.0,
        "q": 0.5,
        "apply_class_balancing": False,
        "ignore_class": 0,
    }
    for name in elementwise.__all__:
        function = getattr(elementwise, name)
        takes = inspect.signature(function).parameters
        sparse = "sparse" in name or "generalized" in name
        arguments = {"y_true": LABELS if sparse else Y, "y_pred": P, "classes": 3, **options}
        yield f"elementwise.{name}", function, {k: v for k, v in arguments.items() if k in takes}
    yield (
        "reduction.class_axis",
        reduction.class_axis,
        {
            "elementwise": Y,
            "operation": "mean",
            "axis": -1,
        },
    )
    yield (
        "reduction.class_weights",
        reduction.class_weights,
        {
            "y_true": LABELS,
            "class_weight": {0: 2.0},
        },
    )
    yield (
        "reduction.mask_weight",
        reduction.mask_weight,
        {
            "mask": W > 0.5,
            "reduction": "sum",
            "dtype": "float32",
        },
    )
    weights = {"sample_weight": W, "mask_weight": W}
    yield "reduction.effective_weight", reduction.effective_weight, weights
    yield "reduction.weigh", reduction.weigh, {"values": V, "weight": W}
    yield (
        "reduction.reduce_values",
        reduction.reduce_values,
        {
            "weighted_values": V,
            "weight": W,
            "reduction": "mean_with_sample_weight",
        },
    )
    yield (
        "reduction.reduce_weighted_values",
        reduction.reduce_weighted_values,
        {
            "values": V,
            "sample_weight": W,
            "mask": W > 0.5,
            "reduction": "sum",
        },
    )
    known = {"reduction": "sum"}
    yield "reduction.standardize_reduction", reduction.standardize_reduction, known
    losses = {"output_losses": [1.0, 2.0], "loss_weights": [1.0, 0.5]}
    yield "total.weighted_losses", total.weighted_losses, losses
    yield "total.batch_loss", total.batch_loss, {**losses, "additional_losses": [0.5]}
    yield "total.activity_penalty", total.activity_penalty, {"penalty": 1.0, "batch_size": 2}
    yield (
        "total.reported_loss",
        total.reported_loss,
        {
            "batch_losses": [1.0, 2.0],
            "batch_sizes": [2, 1],
        },
    )
    yield "atlas.recorded", atlas.recorded, {"key": atlas.cases()[0]}
    yield "atlas.groups", atlas.groups, {"key": atlas.cases()[0]}
    yield "atlas.text", atlas.text, {"key": atlas.cases()[0]}
    pair = {"from_": "keras-2.2.4", "to": "keras-3.15.1", "uses": ["mask"]}
    yield "atlas.moved", atlas.moved, pair
    yield "atlas.spans", atlas.spans, {"names": ["keras-3.15.1"]}
    yield "data.segmentation", lb.data.segmentation, {"count": 1, "size": 32, "seed": 0}
    yield "exercises.check", exercises.check, {"name": "weights-2", "answer": None}
    sizes = {"batch_size": 32, "steps": None}
    for tool in (lb.explain, lb.audit):
        of_model = lambda tool=tool, **arguments: tool(*_data(), **arguments)  # noqa: E731
        yield tool.__name__, of_model, sizes
        # errors of x and y are Keras's own
        any_model = lambda model, tool=tool: tool(model, *_data()[1:])  # noqa: E731
        yield f"{tool.__name__}(model)", any_model, {"model": _data()[0]}
    traced = lb.trace("mse", Y, P)
    yield "plots.path", plots.path, {"highlight": "mask"}
    yield "plots.ledger", plots.ledger, {"trace": traced}
    yield "plots.atlas", plots.atlas, {"rows": {"weights": atlas.cases()[0]}}
    explanation = _explanation()
    yield "plots.waterfall", plots.waterfall, {"explanation": explanation}
    yield (
        "plots.table",
        plots.table,
        {"explanation": explanation, "rows": "class", "columns": "sample"},
    )
    yield "plots.lines", plots.lines, {"panels": {"loss": {"a": [1.0, 2.0]}}, "at": [1, 2]}
    yield "plots.budget", plots.budget, {"rows": {"a": [0.5, 0.5]}, "groups": [1, 2]}
    yield "plots.collapse", lambda trace: plots.collapse(trace), {"trace": traced}
    given = {"rows": 1, "columns": 2, "height": 200}
    yield "plots.subplots", plots.subplots, given
    yield "plots.heat_map", plots.heat_map, {"explanation": explanation, "output": None}
    yield "Explanation.worst", explanation.worst, {"k": 2}
    yield "Explanation.by", lambda key: explanation.by(key), {"key": "sample"}
    yield "Explanation.by two", lambda key: explanation.by("class", key), {"key": "sample"}
    yield "Explanation.plot", lambda key: explanation.plot(key), {"key": "sample"}


@cache
def _data():
    """Return a model, its inputs and its targets."""
    import keras

    net = keras.Sequential([keras.Input((3, 4, 1)), keras.layers.Identity()])
    net.compile(loss="mse")
    x = np.linspace(0, 1, 24, dtype="float32").reshape(2, 3, 4, 1)
    return net, x, 0 * x


@cache
def _explanation():
    return lb.explain(*_data())


def outcome(function, arguments):
    """Return "taken", or the error and whether it is lossbook's own or raw."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**arguments)
    except Exception as error:
        return ("own" if ours(error) else "raw"), error
    return "taken", None


def ours(error):
    """Say whether an error was raised by a `raise` of lossbook, or says that a name is missing."""
    if not isinstance(error, (ValueError, TypeError, LookupError)):
        return False
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if not frame.filename.startswith(PACKAGE):
        return False
    return any(first <= frame.lineno <= last for first, last in _raises(frame.filename))


@cache
def _raises(path):
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return [(n.lineno, n.end_lineno) for n in ast.walk(tree) if isinstance(n, ast.Raise)]


def calls():
    """Yield function and argument, what it was, and what became of the call."""
    for name, function, arguments in functions():
        assert outcome(function, dict(arguments))[0] == "taken", name
        for argument in arguments:
            for kind, bad in BAD.items():
                made = outcome(function, {**arguments, argument: bad()})
                yield f"{name}({argument}={kind})", *made


if __name__ == "__main__":
    matplotlib.use("Agg")
    counts = Counter()
    for call, result, error in calls():
        counts[result] += 1
        if result == "raw":
            first = str(error).splitlines()[0] if str(error) else ""
            print(f"{call}: {type(error).__name__}: {first[:110]}")
    print(dict(counts), "of", sum(counts.values()))
