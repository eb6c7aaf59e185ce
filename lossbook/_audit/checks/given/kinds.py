"""Arrays of a kind that a loss cannot take, or whose mask it does not see."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook._audit.checks.data.known import by_elements, by_weights
from lossbook._audit.checks.given.differences import index_of
from lossbook._audit.checks.terms import LOSS_REFUSED
from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Finding, Hazard
from lossbook._core import keras, ops
from lossbook._losses import entry_of
from lossbook._model import leaves, refused_as_array

KIND_REFUSED = Hazard(
    "kind-refused",
    "error",
    "01_one_number.ipynb",
    1,
    means=(
        "x, y or sample_weight is no dense array of numbers: text, dates, objects, a sparse or a "
        "ragged array."
    ),
    why=(
        "A loss takes dense tensors of numbers. Keras converts what it gets into them, and fails "
        "where it cannot, sometimes far from the cause."
    ),
    ignore="Never: Keras fails. Text in x alone is no finding, for a layer may take it.",
    symptoms=("raises",),
)
MASKED_ARRAY = Hazard(
    "masked-array",
    "error",
    "04_masks.ipynb",
    145,
    means="A NumPy masked array loses its mask in Keras.",
    why=(
        "Keras converts arrays into tensors, which have no such mask: what lies under it counts "
        "like any other number."
    ),
    ignore="If the numbers under the mask are as good as the others.",
    symptoms=("padding",),
)
IMAGINARY = Hazard(
    "imaginary-dropped",
    "error",
    "01_one_number.ipynb",
    3,
    means="Complex targets or weights lose their imaginary part.",
    why=(
        "A loss casts its targets to the dtype of the loss, float32, before it compares. Of a "
        "complex number that is the real part; TensorFlow warns once, in its log."
    ),
    ignore="If the imaginary part means nothing. Take `y.real` then.",
    symptoms=("by-hand", "falls"),
)


def findings(data: dict[str, Any], loss: Any = None) -> Iterator[Finding]:
    """Yield what Keras refuses of the kinds of x, y and sample_weight, and masks that it drops.

    `loss` is (name, options) of the one loss that the model has, if it is Keras's.
    """
    for name in ("x", "y", "sample_weight"):
        if name == "x" and data["y"] is None:  # it may be a data set
            continue
        for path, leaf in _arrays(data[name]).items():
            where = name + index_of(path)
            if isinstance(leaf, np.ma.MaskedArray) and np.ma.getmaskarray(leaf).any():
                yield _masked(where, leaf, data, loss)
            elif name != "x" and _is_complex(leaf):
                yield _imaginary(where, leaf)
            elif (found := _refused(where, leaf, name)) is not None:
                yield found


def loss_weights(given: Any) -> Iterator[Finding]:
    """Yield a finding for loss weights that Keras cannot multiply a loss by and add to another."""
    for path, weight in leaves(given).items():
        try:
            if weight is not None:
                ops.add(ops.multiply(ops.ones(()), weight), ops.ones(()))
        except Exception as error:
            where = "loss_weights" + index_of(path)
            each = "[float(weight) for weight in loss_weights]"
            if isinstance(given, dict):
                each = "{key: float(weight) for key, weight in loss_weights.items()}"
            yield LOSS_REFUSED.found(
                f"{where} is {weight!r} ({type(weight).__name__}), which Keras cannot multiply a "
                "float32 loss by.",
                f"Write `loss_weights = {each}` and compile again.",
                {},
                error=error,
            )
            return


def _is_complex(leaf):
    """Say whether a leaf has complex numbers, with an imaginary part as far as that is known."""
    if not str(getattr(leaf, "dtype", "")).removeprefix("<dtype: '").startswith("complex"):
        return False
    return not isinstance(leaf, np.ndarray) or bool(leaf.imag.any())


def _imaginary(where, leaf):
    """Return the finding for complex numbers, of which Keras takes the real part."""
    known = {"largest": float(np.abs(leaf.imag).max())} if isinstance(leaf, np.ndarray) else {}
    pair = f"np.concatenate([{where}.real, {where}.imag], axis=-1)"
    fix = (
        f"Of the sizes alone write `{where} = np.abs({where})`, of the real parts {where}.real. "
        f"For both give the model two numbers for each, a last axis of twice the length: {pair}."
    )
    if where.startswith("sample_weight"):
        fix = f"Weights are real: write `{where} = np.abs({where})`."
    return IMAGINARY.found(
        f"{where} has complex numbers: Keras casts them to float32 and drops the imaginary part, "
        "which no prediction is compared with.",
        fix,
        {"shape": tuple(leaf.shape), "dtype": str(leaf.dtype), **known},
    )


def _arrays(structure):
    """Return the leaves of a structure by their paths; a list of bare numbers is one."""
    found = leaves(structure)
    bare = [leaf for leaf in found.values() if isinstance(leaf, (int, float, str))]
    return {(): structure} if bare and len(bare) == len(found) else found


def batches(yielded: Any) -> Iterator[Finding]:
    """Yield a finding for what a generator yields, if it is no tuple of one to three parts."""
    batch = next(iter(yielded or ()), None)
    if batch is None:
        return
    if isinstance(batch, tuple) and 1 <= len(batch) <= 3:
        yield from _of_lists(batch)
        return
    fix = "Let it yield (x, y) or (x, y, sample_weight)."
    if isinstance(batch, dict):
        keys = [key for key in ("x", "y", "sample_weight") if key in batch] or list(batch)[:2]
        parts = ", ".join(f"batch[{key!r}]" for key in keys)
        fix = f"Write `x = (({parts}) for batch in x)`."
    elif isinstance(batch, (list, tuple)):
        fix = f"Write `x = (tuple(batch[:{min(len(batch), 3)}]) for batch in x)`."
    elif hasattr(batch, "shape"):
        fix = "Let it yield (x, y): without targets there is no loss."
    size = f" of {len(batch)}" if isinstance(batch, (dict, list, tuple)) else ""
    yield KIND_REFUSED.found(
        f"A batch is a {type(batch).__name__}{size}; Keras takes tuples, (x,), (x, y) or (x, y, "
        "sample_weight).",
        fix,
        {"first batch": f"{type(batch).__name__}{size}"},
    )


def _of_lists(batch):
    """Yield a finding for parts of a batch that are lists, which tf.data does not take."""
    lists = [part for part in batch if isinstance(part, list)]
    if not lists or keras.backend.backend() != "tensorflow":
        return
    part = "part[0] if len(part) == 1 else tuple(part)"
    yield KIND_REFUSED.found(
        "The generator yields lists within its tuples: Keras makes a tf.data.Dataset of it, which "
        "takes arrays, tuples and dicts of them.",
        f"Write `x = (tuple(({part}) if isinstance(part, list) else part for part in batch) for "
        "batch in x)`.",
        {"first batch": f"a tuple with {len(lists)} lists, of {len(lists[0])}"},
    )


def _refused(where, leaf, name):
    """Return the finding for a leaf that is no plain array of numbers, or None."""
    kind = type(leaf).__name__
    dtype = str(getattr(leaf, "dtype", "")).removeprefix("<dtype: '").removesuffix("'>")
    error = refused_as_array(leaf)
    fix = None
    if "Ragged" in kind and name != "x" and not _even(leaf):
        fix = f"`{where} = {where}.to_tensor()`, with a mask or weights for what it adds"
    elif ("Sparse" in kind or hasattr(leaf, "toarray")) and name != "x":
        tf_sparse = hasattr(leaf, "dense_shape")
        fix = (
            f"`{where} = tf.sparse.to_dense({where})`"
            if tf_sparse
            else f"`{where} = {where}.toarray()`"
        )
        if hasattr(leaf, "to_dense") and not tf_sparse:
            fix = f"`{where} = {where}.to_dense()`"
    elif error is not None or (_is_text(leaf, dtype) and name != "x"):
        fix = _conversion(where, leaf, dtype)
    if fix is None:
        return None
    kind = "an array" if isinstance(leaf, np.ndarray) else f"a {kind}"
    shown = f"{kind} of dtype {dtype}" if dtype else kind
    return KIND_REFUSED.found(
        f"{where} is {shown}; Keras takes dense arrays of numbers there.",
        f"Write {fix}.",
        {"shape": tuple(getattr(leaf, "shape", ())), "first": _first(leaf)},
        error=error,
    )


def _even(ragged):
    """Say whether all rows of a ragged tensor are known to be of one length: Keras takes them."""
    lengths = getattr(ragged, "nested_row_lengths", tuple)()
    return bool(lengths) and all(len(np.unique(each)) <= 1 for each in lengths)


def _is_text(leaf, dtype):
    """Say whether these are strings: of TensorFlow, or objects that it takes for strings."""
    objects = isinstance(leaf, np.ndarray) and leaf.dtype == object and leaf.size
    return dtype == "string" or (objects and isinstance(leaf.ravel()[0], str))


def _first(leaf):
    try:
        first = leaf[0]
        return repr(first.tolist() if isinstance(first, (np.generic, np.ndarray)) else first)[:60]
    except Exception:
        return "?"


def _conversion(where, leaf, dtype):
    """Return code that makes numbers of a leaf."""
    if not hasattr(leaf, "dtype"):
        return f"`{where} = np.array({where})`"
    if dtype.startswith(("datetime64", "timedelta64")):
        since = f"({where} - {where}.min())" if dtype.startswith("d") else where
        return f"`{where} = {since} / np.timedelta64(1, 'D')` (days)"
    if dtype == "category":
        return f"`{where} = {where}.cat.codes.to_numpy()`"
    if getattr(leaf.dtype, "names", None):
        return (
            f"`{where} = np.stack([{where}[name] for name in {where}.dtype.names], axis=-1)` "
            "(one column for each field)"
        )
    if not isinstance(leaf, np.ndarray):
        if dtype == "string" and hasattr(leaf, "numpy"):
            return (
                f"`{where} = np.unique({where}.numpy(), return_inverse=True)[1].reshape("
                f"{where}.shape)`, numbers of the classes in alphabetical order"
            )
        if dtype == "string" and where == "y":  # the spec of a data set
            return (
                "`lookup = keras.layers.StringLookup(num_oov_indices=0); lookup.adapt(x.map(lambda "
                "x, y: y)); x = x.map(lambda x, y: (x, lookup(y)))`, numbers of the classes"
            )
        if hasattr(leaf, "to_numpy"):
            return f"`{where} = {where}.to_numpy('float32', na_value=np.nan)`"
        return None
    few = leaf.ravel()[:16]
    try:
        np.asarray(few).astype("float32")
        return f"`{where} = {where}.astype('float32')`"
    except (TypeError, ValueError):
        pass
    if all(isinstance(one, (str, bytes)) for one in few):
        return (
            f"`{where} = np.unique({where}, return_inverse=True)[1].reshape({where}.shape)`, "
            "numbers of the classes in alphabetical order"
        )
    if leaf.dtype == object and all(hasattr(one, "__len__") for one in few):
        return (
            f"`{where} = keras.utils.pad_sequences({where}, dtype='float32', padding='post')`, "
            "with a mask or weights for what it adds"
        )
    return f"`{where} = np.array({where}.tolist(), 'float32')`"


def _masked(where, leaf, data, loss):
    """Return the finding for the mask of a NumPy array, which Keras does not see."""
    mask = np.ma.getmaskarray(leaf)
    count = f"{int(mask.sum())} of {mask.size}"
    return MASKED_ARRAY.found(
        f"{where} is a NumPy masked array. Keras drops its mask and computes with the values under "
        f"it: {count}.",
        _without_the_masked(where, mask, data, loss),
        {"shape": leaf.shape, "masked": int(mask.sum()), "under it": leaf.data[mask][:4]},
    )


def _without_the_masked(where, mask, data, loss):
    """Return the fix that leaves what is masked out of the loss."""
    if not where.startswith("y"):
        value = "0" if where.startswith("sample_weight") else "0.0"
        return f"Write `{where} = {where}.filled({value})`."
    fill = f"`{where} = {where}.filled(np.nan)`"
    if where != "y" or loss is None or entry_of(loss[0]).class_axis != "mean":
        return f"Fill it, {fill}, and let the loss leave out where y_true is NaN."
    rows = mask.reshape(len(mask), -1)
    if data["sample_weight"] is None and bool((rows.all(1) == rows.any(1)).all()):
        keep, filled = "~np.ma.getmaskarray(y)", "y = y.filled(0); "
        code = by_weights(loss, keep, mask.shape, filled)
        return f"Weigh these rows 0 and divide by the others: write {code} and compile again."
    code = by_elements(loss, "keras.ops.isfinite(y_true)", "keras.ops.nan_to_num(y_true)")
    return f"Average over the rest of each row: write {fill}, {code} and compile again."


@KIND_REFUSED.example("Numbers of the classes")
def class_names(mended=0):
    """Names of classes instead of numbers."""
    from lossbook._audit.examples import simplex

    names = np.array(["cat", "dog", "emu", "dog"])
    y = np.unique(names, return_inverse=True)[1] if mended else names
    return passing(simplex(4, 3), y, "sparse_categorical_crossentropy")


@MASKED_ARRAY.example("`y.filled(0)`, a weight of 0, and `'mean_with_sample_weight'`")
def masked_targets(mended=0):
    """A target of 1000 under the mask of a NumPy array."""
    y = np.ma.masked_array(drawn(4, 3, seed=1), mask=np.zeros((4, 3), bool))
    y[1] = 1000
    y[1] = np.ma.masked
    if not mended:
        return passing(drawn(4, 3), y, "mse")
    from keras import losses

    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    weight = (~y.mask).all(-1).astype("float32")
    return passing(drawn(4, 3), y.filled(0), loss, sample_weight=weight)


@IMAGINARY.example("A real and an imaginary column")
def complex_targets(mended=0):
    """Targets with an imaginary part."""
    y = drawn(4, 2, seed=1) + 1j * drawn(4, 2, seed=2)
    if mended:
        return passing(drawn(4, 4), np.concatenate([y.real, y.imag], axis=-1), "mse")
    return passing(drawn(4, 2), y, "mse")
