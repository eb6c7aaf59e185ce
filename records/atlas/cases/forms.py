"""The form of a case, and of an output of its model."""

import numpy as np

from .data import BCE, DATA, MSE, B, array, binary, real, wave


def output(loss, y_true, y_pred, **more):
    """Describe one output of a model.

    Keys: name; loss: Keras's newest name, "custom:" and a key of CUSTOM, or None; form: "name"
    (a string), "function" or "class" (an instance, with `options`); y_true; y_pred: what the
    output is, or with `activation` ("sigmoid", "softmax") what goes into the activation;
    after_activation: "multiply" by one, or None; mask: 0/1 of any shape (B, ...), given as the
    output's mask, or None; masking_layer: the mask comes from Masking(0.0) instead, and y_pred
    is 0 where it is 0; squeeze: y_pred is (B,), made from (B, 1) inside the model; dense: None,
    or kernel and bias of a Dense layer that the output comes from; penalties: list of {"on":
    "kernel", "bias" or "activity", "l1" or "l2": factor} on that layer; add_loss: None, or what
    a layer adds, {"kind": "constant", "value"}, {"kind": "sum", "factor"} (factor times the sum
    of y_pred), {"kind": "rows", "factor"} (a vector: factor times the sum of each row).
    """
    known = {
        "name": "out",
        "loss": loss,
        "form": "class" if "options" in more else "name",
        "options": {},
        "y_true": y_true,
        "y_pred": y_pred,
        "activation": None,
        "after_activation": None,
        "mask": None,
        "masking_layer": False,
        "squeeze": False,
        "dense": None,
        "penalties": [],
        "add_loss": None,
    }
    unknown = set(more) - set(known)
    assert not unknown, unknown
    return dict(known, **more)


CASES = []


def case(id, title, kinds, outputs, **more):
    """Add a case.

    Keys: id, title; kinds: what it shows, as in atlas/README.md; outputs: list of `output`;
    loss_pack: how `loss` is given to compile: "one", "list" or "dict" (an output whose loss is
    None is not in the dict); loss_weights, class_weight: given as they are; sample_weight: an
    array, a list or a dict of them; y_pack: targets as "list" (one output: the array) or "dict"
    (of the outputs that have a loss); sample_weight_mode: "temporal" for releases that ask for
    it, or None; batch_size; generator: evaluate and fit from a generator too; dtype: of the
    inputs and the layers.
    """
    outputs = outputs if isinstance(outputs, list) else [outputs]
    known = {
        "id": id,
        "title": title,
        "kinds": kinds.split(),
        "outputs": outputs,
        "loss_pack": "one" if len(outputs) == 1 else "list",
        "loss_weights": None,
        "class_weight": None,
        "sample_weight": None,
        "y_pack": "list",
        "sample_weight_mode": None,
        "batch_size": 16,
        "generator": False,
        "dtype": "float32",
    }
    unknown = set(more) - set(known)
    assert not unknown, unknown
    assert all(id != other["id"] for other in CASES), id
    CASES.append(dict(known, **more))


def simple(loss, rank, **more):
    """Return an output with the data of this loss."""
    y_true, y_pred = DATA[loss](rank)
    return output(loss, y_true, y_pred, **more)


def two(**more):
    """Return two outputs: mse named a, bce named b; more: {name: options of output}."""
    a, b = real(2), binary(2)
    return [
        output(MSE, a[0], a[1], name="a", **more.get("a", {})),
        output(BCE, b[0], b[1], name="b", **more.get("b", {})),
    ]


EYE2 = np.eye(2, dtype="float32")
KERNEL, BIAS = {"on": "kernel", "l2": 0.25}, {"on": "bias", "l1": 0.5}
ACTIVITY = {"on": "activity", "l2": 0.125}


def dense(penalties, batch=B, bias=(0.5, -0.25), **more):
    """Return an output of a Dense layer with an identity kernel, and penalties on it."""
    y_true, y_pred = wave((batch, 2), 0.3), wave((batch, 2), 2.0)
    kind = {"kernel": EYE2, "bias": array(*bias)}
    return output(MSE, y_true, y_pred, dense=kind, penalties=penalties, **more)
