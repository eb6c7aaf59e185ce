"""measured(): a function's scalar, and the derivative of it at everything that was marked in it."""

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from lossbook._core import active_backend, is_float, ops
from lossbook._marks.hooked_losses import handlers
from lossbook._marks.hooks import hooked
from lossbook._marks.recording import HERE, Found, Recording

_NONE = 1e-5  # a share that is rounding


@dataclass(frozen=True)
class Mark:
    """A tensor of losses that was marked, with its part in the scalar.

    `values · coefficients`, added up over all marks, is the scalar as far as it is linear in them
    and they cover it. `values` holds what the marks `inside` of it, by name, do not explain. `bend`
    is 0 where the scalar is linear in it: what the coefficients would
    change by, times the values. `kind`, `keras_loss` and `tensors` are those of a `Found`.
    """

    name: str
    kind: str
    values: Any
    coefficients: Any
    bend: Any
    inside: tuple[str, ...]
    keras_loss: tuple[str, dict[str, Any]] | None
    tensors: dict[str, Any]


class Measured(tuple):
    """(scalar, marks); `unseen` names what was marked in a function that is compiled apart."""

    unseen: tuple[str, ...] = ()


def measured(fn: Callable[[], Any]) -> Measured:
    """Run `fn` once and say what its scalar is made of; in eager mode, or in a step being compiled.

    The coefficient of a value is the derivative of the scalar with respect to it: one backward pass
    from the scalar to the marks, through the reduction alone.

    Args:
        fn: takes nothing, returns a scalar float tensor.

    Returns:
        Measured: the scalar, a tensor; a tuple of Marks, in the order of the calls, whose tensors
        live where the scalar lives. Losses of Keras that do not lead to the scalar are left out.

    Raises:
        ValueError: if `fn` returns anything but one scalar.
    """
    backend = active_backend()
    if backend not in ("tensorflow", "jax", "torch"):
        raise NotImplementedError(f"lossbook knows no derivative on the backend {backend}.")
    with ExitStack() as undo:
        tape = importlib.import_module(f"lossbook._marks.on_{backend}").Tape()
        recording = Recording(tape, undo)
        hooked(undo, handlers)
        undo.callback(setattr, HERE, "recording", HERE.recording)
        HERE.recording = recording
        derive = partial(first_order, recording.found)
        scalar, found, first, bends = tape.run(lambda: _scalar(fn()), recording, undo, derive)
    tape.leave()
    result = Measured((scalar, _marks(found, first, bends)))
    result.unseen = tuple(dict.fromkeys(recording.unseen))
    return result


def _scalar(result):
    """Return what a function returned if it is one scalar tensor, or say what is expected."""
    expected = "Expected a function that returns one number: a scalar tensor of floats"
    if isinstance(result, (list, tuple, dict)):
        raise ValueError(
            f"{expected}. Received: {len(result)} values, in a {type(result).__name__}. "
            "Return the one that is minimised, or their sum."
        )
    if not ops.is_tensor(result):
        mend = "Return the tensor itself: a number has forgotten what it was made of."
        if result is None:
            mend = "Let the function return the loss."
        raise ValueError(f"{expected}. Received: {type(result).__name__}. {mend}")
    shape = tuple(result.shape)
    if shape:
        mend = "Return keras.ops.sum(...) or keras.ops.mean(...) of it, whichever is minimised."
        raise ValueError(f"{expected}. Received: a tensor of shape {shape}. {mend}")
    if not is_float(result):
        raise ValueError(
            f"{expected}. Received: a tensor of whole numbers or booleans, which has no derivative."
        )
    return result


class First(NamedTuple):
    """What one derivative says of each mark; lists have an entry for each of them.

    `coefficients` are None where the scalar does not depend on a mark. `inside` maps the number of
    a mark that others go into to {number: what it adds to their coefficients}, `replaced` is the
    same for a reader's mark and the losses whose place it takes.
    """

    coefficients: list[Any]
    values: list[Any]
    inside: dict[int, dict[int, Any]]
    replaced: dict[int, dict[int, Any]]


def first_order(
    found: list[Found], scalar: Any, given: list[Any], pull: Callable, along: Callable
) -> tuple[First, list[Any]]:
    """Differentiate once; return it with the sums whose derivatives say what is not linear.

    Args:
        found: what was marked.
        scalar: what the function returned.
        given: the marked tensors; one may depend on those before it.
        pull: `pull(target, weights)` returns the derivative of the sum of weights · target with
            respect to each mark, None where there is none.
        along: `along(target, directions)` returns what the target changes by if each mark goes in
            its direction.
    """
    coefficients = pull(scalar, None)
    values: list[Any] = []
    inside: dict[int, dict[int, Any]] = {}
    for k, tensor in enumerate(given):
        own = tensor
        if coefficients[k] is not None:
            derivatives = pull(tensor, coefficients[k])[:k]
            here = {i: d for i, d in enumerate(derivatives) if d is not None}
            if found[k].kind == "mark":
                here = {i: d for i, d in here.items() if found[i].kind == "mark"}
            if here:
                inside[k] = here
                own = tensor - along(tensor, {i: values[i] for i in here})
        values.append(ops.stop_gradient(own))
    sums = [_sum({k: c for k, c in enumerate(coefficients) if c is not None}, values)]
    sums += [_sum(here, values) for here in inside.values()]
    return First(coefficients, values, inside, _replaced(found, given, coefficients, pull)), sums


def _replaced(found, given, coefficients, pull):
    """Return what a reader's marks take from the losses of Keras's that go into them.

    The outer ones come first: they leave to the marks inside of them what does not pass them.
    """
    left, replaced = list(coefficients), {}
    for k in reversed(range(len(found))):
        if found[k].kind != "mark" or left[k] is None:
            continue
        replaced[k] = {}
        for i, derivative in enumerate(pull(given[k], left[k])[:k]):
            if derivative is not None and found[i].kind == "mark":
                left[i] = left[i] - derivative
            elif derivative is not None:
                replaced[k][i] = derivative
    return replaced


def _sum(coefficients, values):
    """Return the sum of coefficients · values, over some marks."""
    return sum(ops.cast(ops.sum(c * values[i]), "float32") for i, c in coefficients.items())


def _marks(found: list[Found], first: First, bends: list[list[Any]]) -> tuple[Mark, ...]:
    """Put together what one derivative and the second one say.

    A mark that is not linear in those inside of it keeps all that it holds, and they lose what they
    have through it: the innermost point counts from which on all is linear.
    """
    coefficients, values = list(first.coefficients), list(first.values)
    bend = list(bends[0])
    for inner in first.replaced.values():
        for i, through in inner.items():
            coefficients[i] = coefficients[i] - through
    for (k, inside), second in zip(
        reversed(first.inside.items()), reversed(bends[1:]), strict=True
    ):
        bent = [_size(values[i], second[i]) for i in inside if second[i] is not None]
        if not bent:
            continue
        straight = sum(bent) <= _NONE * sum(_size(values[i], c) for i, c in inside.items())
        values[k] = ops.where(straight, values[k], found[k].given)
        for i, through in inside.items():
            zero = ops.zeros_like(through)
            coefficients[i] = coefficients[i] - ops.where(straight, zero, through)
            if second[i] is not None:
                bend[i] = bend[i] - ops.where(straight, zero, second[i])
    kept = [i for i, mark in enumerate(found) if coefficients[i] is not None or mark.kind == "mark"]
    names = dict(zip(kept, _distinct([found[i].name for i in kept]), strict=True))
    return tuple(
        Mark(
            name=names[i],
            kind=found[i].kind,
            values=values[i],
            coefficients=(
                ops.zeros_like(values[i]) if coefficients[i] is None else coefficients[i]
            ),
            bend=ops.zeros(()) if bend[i] is None else _size(values[i], bend[i]),
            inside=tuple(
                names[j]
                for j in (*first.inside.get(i, ()), *first.replaced.get(i, ()))
                if j in names
            ),
            keras_loss=found[i].keras_loss,
            tensors=found[i].tensors,
        )
        for i in kept
    )


def _size(values, coefficients):
    return ops.sum(ops.abs(ops.cast(coefficients * values, "float32")))


def _distinct(names):
    """Number the names that occur again: mse, mse_2."""
    taken: list[str] = []
    for name in names:
        numbers = (name if n == 1 else f"{name}_{n}" for n in range(1, len(names) + 2))
        taken.append(next(n for n in numbers if n not in taken))
    return taken
