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
from operator import attrgetter

import matplotlib
import numpy as np

import lossbook as lb
from lossbook import atlas, elementwise

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


def of(name, /, **arguments):
    """Return a name below `lossbook`, what it stands for, and arguments that it takes."""
    return name, attrgetter(name)(lb), arguments


def functions():
    """Yield the name of each public function, the function, and arguments that it takes."""
    pair, mask = {"y_true": Y, "y_pred": P}, np.array([True, False])
    more = {"sample_weight": W[:2], "mask": mask, "reduction": "sum", "dtype": "float32"}
    yield of("trace", loss="mse", **pair, **more, rule="keras-3")
    options = {"from_logits": False, "label_smoothing": 0.0, "axis": -1}
    yield "trace(bce)", lb.trace, {"loss": "bce", **pair, **options}
    yield "trace(dice)", lb.trace, {"loss": "dice", **pair, "axis": None}
    given = {"values": V, "sample_weight": W, "mask": W > 0.5}
    yield of("aggregate", **given, rule="keras-3", reduction="sum")
    for rule in ("keras-2.2", "tf.keras-2.4", "pytorch", "sklearn", "transformers"):
        lacks = {"sklearn": "mask", "transformers": "sample_weight"}.get(rule)
        call = lambda rule=rule, **arguments: lb.aggregate(**arguments, rule=rule)  # noqa: E731
        yield f"aggregate({rule})", call, {k: v for k, v in given.items() if k != lacks}
    beside = {"loss_weight": 2.0, "additional": 1.0, "divisor": 3.0, "rtol": 1e-3}
    yield of("identify", value="1.5", **given, batch_size=2, **beside)
    asked = {"loss": "bce", **pair, "sample_weight": W[:2], "mask": mask, "dtype": "float32"}
    asked |= {"from_logits": False, "batch_size": 1}
    yield "identify(loss)", lb.identify, {"value": "1.5", **asked}
    yield of("epoch_loss", batch_losses=[1.0, 2.0], batch_sizes=[2, 1], rule="keras-3")
    for rule in ("keras-3.0", "transformers", "keras-2.3"):
        of_rule = lambda rule=rule, **arguments: lb.epoch_loss(**arguments, rule=rule)  # noqa: E731
        yield f"epoch_loss({rule})", of_rule, {"batch_losses": [1.0], "batch_sizes": [2]}
    yield of("source", name="reduce_weighted_values")
    yield from _parts()


def _parts():
    options = {"from_logits": False, "label_smoothing": 0.1, "axis": -1, "ignore_class": 0}
    options |= {"delta": 1.0, "alpha": 0.25, "gamma": 2.0, "q": 0.5, "apply_class_balancing": False}
    for name in elementwise.__all__:
        takes = inspect.signature(getattr(elementwise, name)).parameters
        sparse = "sparse" in name or "generalized" in name
        arguments = {"y_true": LABELS if sparse else Y, "y_pred": P, "classes": 3, **options}
        yield of(f"elementwise.{name}", **{k: v for k, v in arguments.items() if k in takes})
    yield of("reduction.class_axis", elementwise=Y, operation="mean", axis=-1)
    yield of("reduction.class_weights", y_true=LABELS, class_weight={0: 2.0})
    yield of("reduction.mask_weight", mask=W > 0.5, reduction="sum", dtype="float32")
    yield of("reduction.effective_weight", sample_weight=W, mask_weight=W)
    yield of("reduction.weigh", values=V, weight=W)
    how = "mean_with_sample_weight"
    yield of("reduction.reduce_values", weighted_values=V, weight=W, reduction=how)
    given = {"values": V, "sample_weight": W, "mask": W > 0.5}
    yield of("reduction.reduce_weighted_values", **given, reduction="sum")
    yield of("reduction.standardize_reduction", reduction="sum")
    losses = {"output_losses": [1.0, 2.0], "loss_weights": [1.0, 0.5]}
    yield of("total.weighted_losses", **losses)
    yield of("total.batch_loss", **losses, additional_losses=[0.5])
    yield of("total.activity_penalty", penalty=1.0, batch_size=2)
    yield of("total.reported_loss", batch_losses=[1.0, 2.0], batch_sizes=[2, 1])
    case = atlas.cases()[0]
    for name in ("recorded", "groups", "text"):
        yield of(f"atlas.{name}", key=case)
    yield of("atlas.moved", from_="keras-2.2.4", to="keras-3.15.1", uses=["mask"])
    yield of("atlas.spans", names=["keras-3.15.1"])
    yield of("data.segmentation", count=1, size=32, seed=0)
    yield of("exercises.check", name="weights-2", answer=None)
    for tool in (lb.explain, lb.audit):
        of_model = lambda tool=tool, **arguments: tool(*_data(), **arguments)  # noqa: E731
        yield tool.__name__, of_model, {"batch_size": 32, "steps": None}
        # errors of x and y are Keras's own
        any_model = lambda model, tool=tool: tool(model, *_data()[1:])  # noqa: E731
        yield f"{tool.__name__}(model)", any_model, {"model": _data()[0]}
    traced, explanation = lb.trace("mse", Y, P), _explanation()
    yield of("plots.path", highlight="mask")
    yield of("plots.ledger", trace=traced)
    yield of("plots.atlas", rows={"weights": case})
    yield of("plots.waterfall", explanation=explanation)
    yield of("plots.table", explanation=explanation, rows="class", columns="sample")
    yield of("plots.lines", panels={"loss": {"a": [1.0, 2.0]}}, at=[1, 2])
    yield of("plots.budget", rows={"a": [0.5, 0.5]}, groups=[1, 2])
    yield "plots.collapse", lambda trace: lb.plots.collapse(trace), {"trace": traced}
    yield of("plots.subplots", rows=1, columns=2, height=200)
    yield of("plots.heat_map", explanation=explanation, output=None)
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
