"""Structures that don't meet: refused, matched in another order, and sound ones, as Keras does."""

from collections import OrderedDict
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

import lossbook as lb
from lossbook._audit.checks.given.own_errors import place_of
from lossbook._audit.examples import Example, compiled, two_outputs
from lossbook._model import watch
from tests.unit.audit.fixes import applied, audited, evaluated, the
from tests.unit.audit.planted import BACKEND, VERSION

pytestmark = [
    pytest.mark.skipif(VERSION < (3, 9), reason="an older Keras matches otherwise"),
    pytest.mark.filterwarnings("ignore:The structure of", "ignore:Your input ran out of data"),
]
ROWS = 4


def tag(factor):
    """Return a loss whose number says which loss it was: factor times |y| where 0 is predicted."""

    def loss(y_true, y_pred):
        return factor * ops.mean(ops.abs(y_true - y_pred), axis=-1)

    return loss


A, B, C = tag(1), tag(100), tag(10000)


def model(kind, names=("b", "a"), units=3, key=str):
    """Return a model that predicts 0 at every output; `kind` is the form of its outputs."""
    inputs = keras.Input((3,))
    zero = {"kernel_initializer": "zeros", "use_bias": False}
    outputs = [layers.Dense(units, name=name, **zero)(inputs) for name in names]
    if kind is None:
        return keras.Model(inputs, outputs[0])
    named = {key(name): output for name, output in zip(names, outputs, strict=True)}
    if kind is ordered:
        return keras.Model(inputs, OrderedDict(named))
    return keras.Model(inputs, named if kind is dict else kind(outputs))


def ordered():
    """A kind of outputs, of `model`: an OrderedDict."""


def full(value, *shape):
    return np.full(shape or (ROWS, 3), value, "float32")


def case(kind, loss, y, names=("b", "a"), units=3, sample_weight=None, key=str, **options):
    options = {"run_eagerly": True, **options}  # how structures meet doesn't depend on it
    built = compiled(model(kind, names, units, key), loss, **options)
    data = {"x": full(1), "y": y}
    return Example(
        built, data if sample_weight is None else data | {"sample_weight": sample_weight}
    )


def of(*arguments, gives, **options):
    """Return what makes a case, and the loss that is meant."""
    return partial(case, *arguments, **options), gives


Y1, Y2 = full(1), full(2)
W1, W2 = full(1, ROWS), full(1000, ROWS)
BY_NAME = {"b": A, "a": B}
TWO = {"b": Y1, "a": Y2}
REFUSED = {
    "other names in y, list": of(list, [A, B], {"q": Y1, "p": Y2}, gives=201),
    "other names in y, dict": of(dict, BY_NAME, {"q": Y1, "p": Y2}, gives=201),
    "one other name in y": of(dict, BY_NAME, {"b": Y1, "A": Y2}, gives=201),
    "a key too few in y": of(dict, BY_NAME, {"b": Y1}, gives=1),
    "a key too many in y": of(dict, BY_NAME, {**TWO, "z": Y1}, gives=201),
    "a key too many in loss": of(dict, {**BY_NAME, "z": C}, TWO, gives=201),
    "a key too many in loss, list": of(list, {**BY_NAME, "z": C}, [Y1, Y2], gives=201),
    "other names in loss, list": of(list, {"q": A, "p": B}, [Y1, Y2], gives=201),
    "another name in loss": of(dict, {"pred": A, "a": B}, TWO, gives=201),
    "a loss too many": of(list, [A, B, C], [Y1, Y2], gives=201),
    "y too many": of(list, [A, B], [Y1, Y2, Y2], gives=201),
    "one y for two": of(list, [A, B], Y1, gives=101),
    "one y for two, dict": of(dict, BY_NAME, Y1, gives=101),
    "y stacked": of(list, [A, B], np.stack([Y1, Y2]), gives=201),
    "y in columns": of(list, [A, B], np.stack([W1, 2 * W1], axis=-1), units=1, gives=201),
    "y in columns, dict": of(dict, BY_NAME, np.stack([W1, 2 * W1], axis=-1), units=1, gives=201),
    "a deeper y": of(list, [A, B], [[Y1], Y2], gives=201),
    "a dict for one output": of(None, A, {"b": Y1}, gives=1),
    "a dict of another name for one output": of(None, A, {"y_true": Y1}, gives=1),
    "a dict of one output, another name": of(dict, {"b": A}, {"y_true": Y1}, names=("b",), gives=1),
    "a list of columns for one output": of(None, A, [W1, W1, 4 * W1], gives=2),
    "loss named otherwise, one output": of(None, {"pred": A}, Y1, gives=1),
    "loss_weights too many": of(list, [A, B], [Y1, Y2], loss_weights=[1.0, 2.0, 3.0], gives=401),
    "loss_weights for one loss": of(list, A, [Y1, Y2], loss_weights=[1.0, 10.0], gives=21),
    "two loss_weights for one output": of(None, A, Y1, loss_weights=[3.0, 2.0], gives=3),
    "sample_weight is a dict": of(
        list, [A, B], [Y1, Y2], sample_weight={"b": W1, "a": W2}, gives=200001
    ),
    "y and sample_weight are dicts": of(
        list, [A, B], TWO, sample_weight={"b": W1, "a": W2}, gives=200001
    ),
    "y and sample_weight are lists": of(
        dict, BY_NAME, [Y1, Y2], sample_weight=[W1, W2], gives=200001
    ),
    "sample_weight is a list": of(dict, BY_NAME, TWO, sample_weight=[W1, W2], gives=200001),
    "sample_weight of another name": of(
        dict, BY_NAME, TWO, sample_weight={"q": W1, "p": W2}, gives=200001
    ),
    "sample_weight without a key": of(dict, BY_NAME, TWO, sample_weight={"a": W2}, gives=200001),
    "a dict of weights for one output": of(None, A, Y1, sample_weight={"b": W2}, gives=1000),
    "weights for several losses": of(
        dict, {"b": [A, B], "a": C}, TWO, loss_weights={"b": 1.0, "a": 0.1}, gives=2101
    ),
    "y None at one output": of(list, [A, B], [Y1, None], gives=1),
    "y None at one key": of(dict, BY_NAME, {"b": Y1, "a": None}, gives=1),
    "alike names in another order": of(dict, BY_NAME, {"a_true": Y2, "b_true": Y1}, gives=201),
    "names of another case": of(dict, BY_NAME, {"A": Y2, "B": Y1}, gives=201),
    "strings for numbers": of(
        dict, {1: A, 0: B}, {"1": Y1, "0": Y2}, names=("1", "0"), key=int, gives=201
    ),
    "a plain dict for an ordered one": of(ordered, BY_NAME, TWO, gives=201),
}
ORDER = {
    "y": of(dict, BY_NAME, [Y1, Y2], gives=201),
    "three of y": of(
        dict, {"c": A, "b": B, "a": C}, [Y1, Y1, Y2], names=("c", "b", "a"), gives=20101
    ),
    "y, with one loss": of(dict, "mae", [Y1, Y2], loss_weights=None, gives=3),
    "loss": of(dict, [A, B], TWO, gives=201),
    "y and loss": of(dict, [A, B], [Y1, Y2], gives=201),
    "loss_weights": of(dict, BY_NAME, TWO, loss_weights=[1.0, 10.0], gives=2001),
    "loss_weights and loss": of(dict, [A, B], TWO, loss_weights=[1.0, 10.0], gives=2001),
    "names of loss_weights": of(dict, BY_NAME, TWO, loss_weights={"p": 1.0, "q": 10.0}, gives=2001),
    "loss_weights by name, loss in a list": of(
        list, [A, B], [Y1, Y2], loss_weights={"b": 1.0, "a": 10.0}, gives=2001
    ),
}
IGNORED = {
    "three functions": of(None, [A, B, C], Y1, gives=10101),
    "with weights": of(None, [A, B, C], Y1, loss_weights=[1.0, 0.5, 0.1], gives=1051),
    "objects": of(None, [losses.MeanAbsoluteError(), B], Y1, gives=101),
    "names": of(None, ["mse", "mae"], Y2, gives=6),
    "a tuple": of(None, (A, B), Y1, gives=101),
}
METRICS = {
    "one in a list": partial(case, list, [A, B], [Y1, Y2], metrics=["mae"]),
    "one in a list, dict": partial(case, dict, BY_NAME, TWO, metrics=["mae"]),
    "three in a list": partial(case, list, [A, B], [Y1, Y2], metrics=["mae", "mse", "mae"]),
    "another name": partial(case, dict, BY_NAME, TWO, metrics={"z": "mae"}),
    "another name, list": partial(case, list, [A, B], [Y1, Y2], metrics={"z": "mae", "b": "mse"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_keras_refuses_is_shown_and_its_fix_works(name):
    make, meant = REFUSED[name]
    if (name, BACKEND) == ("strings for numbers", "jax"):
        pytest.skip("Keras on JAX takes them, and computes another number")
    with pytest.raises(Exception) as caught:  # Keras says so
        evaluated(make())
    finding = the(audited(make()), "structure-refused")
    assert finding.severity == "error" and "sides" in finding.evidence
    assert finding.evidence["Keras"].startswith(type(caught.value).__name__)
    assert max(map(len, str(finding.evidence["sides"]).splitlines())) <= 72
    mended = applied(finding, make())
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


@pytest.mark.parametrize("name", ORDER)
def test_an_order_that_nobody_means_is_shown_and_its_fix_works(name):
    make, meant = ORDER[name]
    same = name in ("y, with one loss", "y and loss")  # the sum is, not what is trained
    assert (evaluated(make()) == pytest.approx(meant, rel=1e-3)) == same
    mended = applied(the(audited(make()), "structure-order"), make())
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


@pytest.mark.parametrize("name", IGNORED)
def test_losses_of_which_the_first_counts(name):
    make, meant = IGNORED[name]
    assert evaluated(make()) < meant
    mended = applied(the(audited(make()), "losses-ignored"), make())
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


@pytest.mark.parametrize("name", METRICS)
def test_metrics_that_don_t_fit(name):
    with pytest.raises(ValueError):
        evaluated(METRICS[name]())
    mended = applied(the(audited(METRICS[name]()), "metrics-refused"), METRICS[name]())
    assert not [one for one in audited(mended) if one.severity == "error"]


def test_the_sides_stand_beside_each_other(snapshot):
    finding = the(audited(case(dict, {"b": A}, {"y_true": Y1}, names=("b",))), "structure-refused")
    assert [finding.message, finding.fix, str(finding.evidence["sides"])] == snapshot
    text, page = str(finding), lb.audit.__globals__["Findings"]([finding])._repr_html_()
    assert "\n  sides:\n    output " in text and "<pre>output " in page


def test_long_names_and_many_outputs_stay_within_the_page():
    names = [f"a_rather_long_name_of_an_output_{i}" for i in range(12)]
    y = {name + "_": Y1 for name in names}
    weights = {name: 1.0 for name in names}
    one = case(dict, {name: A for name in names}, y, names=names, loss_weights=weights)
    lines = the(audited(one), "structure-refused").evidence["sides"].splitlines()
    assert max(map(len, lines)) <= 72 and len(lines) <= 12 and "more" in lines[-1]


@pytest.mark.parametrize(
    ("x_rows", "y", "code"),
    [
        (5, Y1, None),
        (3, np.moveaxis(full(1, 4, 3), 0, 1)[:, :3], None),
        (4, full(1, 3, 4), "`y = np.moveaxis(y, 1, 0)`"),
    ],
)
def test_rows_that_differ(x_rows, y, code):
    one = case(None, A, y)
    one.data["x"] = full(1, x_rows, 3)
    if code is None and x_rows == len(y):
        return
    finding = the(audited(one), "structure-refused")
    assert f"rows differ: x {x_rows}, y {len(y)}" in finding.message
    if code:
        assert code in finding.fix
        assert evaluated(applied(finding, one)) == 1


class Headed(keras.Model):
    """A subclass, whose outputs nobody knows before it is called."""

    def __init__(self, kind):
        super().__init__()
        self.heads = {n: layers.Dense(3, kernel_initializer="zeros") for n in ("b", "a")}
        self.kind = kind

    def call(self, x):
        outputs = {name: head(x) for name, head in self.heads.items()}
        return outputs if self.kind is dict else self.kind(outputs.values())


@pytest.mark.parametrize(
    ("kind", "loss", "y", "code"),
    [
        (dict, BY_NAME, {"q": Y1, "p": Y2}, "structure-refused"),
        (dict, BY_NAME, [Y1, Y2], "structure-order"),
        (list, [A, B], [Y1, Y2, Y1], "structure-refused"),
        (dict, BY_NAME, TWO, None),
        (list, [A, B], [Y1, Y2], None),
        (tuple, [A, B], (Y1, Y2), None),
    ],
)
def test_a_subclass_is_called_once(kind, loss, y, code):
    one = Example(compiled(Headed(kind), loss), {"x": full(1), "y": y})
    found = [f.code for f in audited(one) if f.code.startswith("structure")]
    assert found == ([code] if code else [])


class Yields(keras.utils.PyDataset):
    def __init__(self, *batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i):
        return self.batches[i]


@pytest.mark.parametrize("kind", ["generator", "PyDataset", "tf.data"])
@pytest.mark.parametrize(
    ("y", "code"), [({"q": Y1, "p": Y2}, "structure-refused"), (TWO, None), ((Y1, Y2), "order")]
)
def test_what_a_data_set_yields(kind, y, code):
    batch = (full(1), y)
    if kind == "tf.data":
        if BACKEND != "tensorflow":
            pytest.skip("tf.data")
        import tensorflow as tf

        x = tf.data.Dataset.from_tensors(batch)
    else:
        x = Yields(batch, batch) if kind == "PyDataset" else iter([batch, batch])
        x = x if kind == "PyDataset" else (each for each in x)
    found = lb.audit(compiled(model(dict), BY_NAME), x)
    found = [one for one in found if one.code.startswith("structure")]
    assert [one.code for one in found] == (
        [code.replace("order", "structure-order")] if code else []
    )
    if code and kind != "tf.data":
        assert found[0].fix.endswith("y and sample_weight are what x yields.")


def nested():
    inputs = keras.Input((3,))
    a, b, c = (layers.Dense(3, name=name)(inputs) for name in "abc")
    y = {"pair": [Y1, Y2], "alone": Y1}
    loss = {"pair": ["mse", "mse"], "alone": "mse"}
    return Example(compiled(keras.Model(inputs, {"pair": [a, b], "alone": c}), loss), _data(y))


def _data(y, **more):
    return {"x": full(1), "y": y, **more}


def test_names_that_keras_does_not_know():
    for options, code, name in (
        ({"loss": "mean_square_error"}, "loss-refused", "mean_squared_error"),
        ({"loss": "mse", "metrics": ["acuracy"]}, "metrics-refused", "accuracy"),
        ({"loss": "mse", "weighted_metrics": ["mean_squared_eror"]}, "metrics-refused", "mean_s"),
    ):
        one = case(None, options["loss"], Y1, **{k: options[k] for k in options if k != "loss"})
        with pytest.raises(ValueError):
            evaluated(one)
        finding = the(audited(one), code)
        assert name in finding.fix
        assert np.isfinite(evaluated(applied(finding, one)))


def test_no_targets_and_no_losses():
    finding = the(audited(case(None, A, None)), "structure-refused")
    assert "there are no targets, y is None" in finding.message and "Pass y" in finding.fix
    finding = the(audited(case(list, [None, None], [Y1, Y2])), "loss-refused")
    assert finding.message == "loss names no loss for any output: each of them is None."


SOUND = {
    "several losses for an output": partial(case, dict, {"b": ["mse", "mae"], "a": "mse"}, TWO),
    "several losses, lists": partial(case, list, [["mse", "mae"], "mse"], [Y1, Y2]),
    "an ordered dict": partial(case, ordered, ["mse", "mae"], [Y1, Y2]),
    "classes of losses": partial(case, list, [losses.MeanSquaredError, "mse"], [Y1, Y2]),
    "factors by the names of layers": partial(
        case, dict, BY_NAME, TWO, loss_weights={"b": 1.0, "a": 2.0}, metrics=["mae", "mae"]
    ),
    "lists": partial(case, list, ["mse", "mse"], [Y1, Y2]),
    "tuples": partial(case, tuple, ["mse", "mse"], (Y1, Y2)),
    "list and tuple": partial(case, list, ("mse", "mse"), (Y1, Y2)),
    "dicts": partial(case, dict, {"b": "mse", "a": "mse"}, TWO),
    "dicts, other order": partial(case, dict, {"a": "mse", "b": "mse"}, {"a": Y2, "b": Y1}),
    "list and dict by names": partial(case, list, {"a": "mse", "b": "mse"}, TWO),
    "sorted dict and list": partial(case, dict, "mse", [Y1, Y2], names=("a", "b")),
    "sorted dict and lists": partial(
        case, dict, ["mse", "mae"], [Y1, Y2], names=("a", "b"), loss_weights=[1.0, 2.0]
    ),
    "one loss for all": partial(case, dict, "mse", TWO),
    "one factor for all": partial(case, list, "mse", [Y1, Y2], loss_weights=2.0),
    "factors by name": partial(
        case, dict, {"b": "mse", "a": "mse"}, TWO, loss_weights={"a": 1.0, "b": 0.5}
    ),
    "factors in a list, losses by name": partial(
        case, list, {"a": "mse", "b": "mse"}, [Y1, Y2], loss_weights=[1.0, 0.5]
    ),
    "factors of other names, in the same order": partial(
        case, dict, BY_NAME, TWO, loss_weights={"q": 1.0, "p": 10.0}
    ),
    "equal factors in a list": partial(case, dict, "mse", TWO, loss_weights=0.5),
    "one output without a loss": partial(case, list, [None, "mse"], [Y1, Y2]),
    "one output without a loss and targets": partial(case, list, [None, "mse"], [Y2]),
    "a part of the losses": partial(case, dict, {"b": "mse"}, TWO),
    "a part of losses and targets": partial(case, dict, {"b": "mse"}, {"b": Y1}),
    "the same targets for both": partial(case, dict, "mse", [Y1] * 2),
    "weights by name": partial(
        case, dict, "mse", TWO, sample_weight={"a": full(1, ROWS), "b": full(2, ROWS)}
    ),
    "weights in a list": partial(case, list, "mse", [Y1, Y2], sample_weight=[W1, W1]),
    "one array of weights for all": partial(case, dict, "mse", TWO, sample_weight=W1),
    "metrics by name": partial(case, dict, "mse", TWO, metrics={"a": "mae"}),
    "metrics in lists": partial(case, list, "mse", [Y1, Y2], metrics=[["mae"], ["mae", "mse"]]),
    "one output, y in a list": partial(case, None, "mse", [Y1]),
    "one output, loss by name": partial(case, None, {"b": "mse"}, Y1),
    "one output in a list": partial(case, list, "mse", Y1, names=("b",)),
    "one output in a dict": partial(case, dict, "mse", Y1, names=("b",)),
    "nested": nested,
    "class weights": partial(
        case, None, "categorical_crossentropy", np.eye(3, dtype="float32")[[0, 1, 2, 1]]
    ),
    "bool targets": partial(case, None, "mse", Y1.astype(bool)),
    "whole numbers": partial(case, None, "mse", Y1.astype("int8")),
    "targets by shape": lambda: Example(
        compiled(_mixed(), {"number": "mse", "class": "mse"}),
        _data([full(1, ROWS, 2), full(1, ROWS, 1)]),
    ),
}


def _mixed():
    """Outputs of two shapes, which only the alphabetical order fits."""
    inputs = keras.Input((3,))
    outputs = {
        name: layers.Dense(n, name=name)(inputs) for name, n in (("number", 1), ("class", 2))
    }
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_sound_structures(name):
    codes = {one.code for one in audited(SOUND[name]())}
    assert not {c for c in codes if c.startswith(("structure", "losses-", "metrics-", "kind-"))}


@pytest.mark.parametrize("form", [list, dict])
def test_loss_weights_of_any_kind(form):
    kinds = [
        keras.Variable(2.0),
        ops.convert_to_tensor(2.0),
        np.float32(2),
        np.array(2.0, "float32"),
        2,
    ]
    for two in kinds:
        weights = [two, 0.5] if form is list else {"near": two, "far": 0.5}
        one = two_outputs(weights)
        if form is dict:
            one.model.compile("sgd", ["mse", "mse"], loss_weights=[two, 0.5], run_eagerly=True)
        found, e = audited(one), lb.explain(one.model, **one.data)
        assert "2" in str(e) and e.total == pytest.approx(evaluated(one), rel=1e-5)
        assert not [f for f in found if f.severity == "error"]


def test_loss_weights_of_float64_are_named_where_keras_fails():
    one = two_outputs([np.float64(2), np.float64(0.5)])
    try:
        loss = evaluated(one)
    except Exception:
        finding = the(audited(one), "loss-refused")
        loss = evaluated(applied(finding, one))
    y, x = one.data["y"], one.data["x"]
    meant = sum(w * np.mean((x - t) ** 2) for w, t in zip((2, 0.5), y, strict=True))
    assert loss == pytest.approx(meant, rel=1e-5)


def test_an_error_of_the_loss_is_not_blamed_on_the_structure():
    def broken(y_true, y_pred):
        return y_true + undefined  # noqa: F821

    found = audited(case(list, [A, broken], [Y1, Y2]))
    assert [one.code for one in found] == ["own-error"]


def test_a_line_of_lossbook_is_never_the_users():
    ours = watch.__file__
    error = RuntimeError(f'Graph execution error\n  File "{ours}", line 245, in _run')
    assert place_of(error) is None
    theirs = RuntimeError('Graph execution error\n  File "/models/mine.py", line 3, in loss')
    assert place_of(theirs)[0].shown == "mine.py:3, in loss"
