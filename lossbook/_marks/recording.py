"""mark(), and what it leaves behind while a function is being measured."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lossbook._core import attach_mask, attached_mask, is_float, ops

Tensor = TypeVar("Tensor")


class _Here(threading.local):
    recording: Any = None


HERE = _Here()  # of each thread: the recording that is going on, None where there is none


@dataclass
class Found:
    """A tensor of losses that was marked: as it was given, and as it went on.

    `kind` is "mark" for the reader's own, "loss" for what a loss of Keras's returns, "additional"
    for `add_loss` and regularisers. `keras_loss` is (name, options) of a function of
    `keras.losses`; `tensors` holds what it got, "y_true" and "y_pred", and a "mask" on the values.
    """

    name: str
    kind: str
    given: Any
    marked: Any
    keras_loss: tuple[str, dict[str, Any]] | None = None
    tensors: dict[str, Any] = field(default_factory=dict)


class Recording:
    """What was marked in one run of a function, in order; `tape` knows how it was derived."""

    def __init__(self, tape: Any, undo: ExitStack) -> None:
        self.tape, self.undo = tape, undo
        self.found: list[Found] = []
        self.unseen: list[str] = []  # marked in a function that is compiled apart
        self.losses: list[Any] = []  # the Loss objects that are being called
        self.returned: list[tuple[Any, Found]] = []  # what Keras's losses made of what was found
        self.layers: list[Any] = []  # on JAX: which added losses

    def add(self, name: str, tensor: Any, kind: str, keras_loss: Any = None, **tensors: Any) -> Any:
        """Mark a tensor: return it as it goes on."""
        for returned, found in self.returned if kind == "mark" else ():
            if returned is tensor:  # the reader names a loss of Keras's
                found.name, found.kind = name, kind
                return tensor
        if not self.tape.reaches():
            self.unseen.append(name)
            return tensor
        mask = attached_mask(tensor)
        given = ops.convert_to_tensor(tensor)
        if not is_float(given):
            given = ops.cast(given, "float32")
        marked = self.tape.watch(given)
        if mask is not None:
            attach_mask(marked, mask)
            tensors["mask"] = mask
        self.found.append(Found(name, kind, given, marked, keras_loss, tensors))
        if kind == "loss":
            self.returned.append((marked, self.found[-1]))
        return marked


def mark(name: str, tensor: Tensor) -> Tensor:
    """Name a tensor of losses, so that `decompose` and `explain` can say what each entry adds.

    Everywhere else it is the identity, at no cost: it returns the tensor itself. So it may stay in
    a layer, a `train_step`, a `compute_loss`, a loss of your own.

    A mark on what a loss of Keras's returns gives that loss its name; any other that such losses go
    into takes their place.

    Surprise: mark what is still *added up* later. What comes after the mark has to be sums, means
    and factors; a logarithm or a product of two marks is no sum of parts, and decompose says so.

    Args:
        name: what to call it; a second tensor of that name gets a number.
        tensor: float tensor of the active backend, `(rows, *positions)` for parts by row and by
            position: a KL divergence `(batch, latent)`, distances `(batch,)`.

    Returns:
        The tensor, or in decompose one with the same values, shape and dtype; a mask that Keras has
        attached to it stays.

    Examples:
        >>> import lossbook as lb
        >>> from keras import ops
        >>> kl = ops.convert_to_tensor([[1.0, 3.0], [2.0, 6.0]])
        >>> lb.mark("kl", kl) is kl
        True
        >>> e = lb.decompose(lambda: ops.mean(ops.sum(lb.mark("kl", kl), axis=1)))
        >>> e.by("position")
        {0: 1.5, 1: 4.5}
    """
    recording = HERE.recording
    return tensor if recording is None else recording.add(str(name), tensor, "mark")


mark.autograph_info__ = None  # type: ignore[attr-defined]  # AutoGraph calls it as it stands
