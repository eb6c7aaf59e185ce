"""Small batches of one output, put together for the checks that add up rows."""

from dataclasses import replace

import numpy as np

from lossbook._audit.observation import Check, OutputBatch

_ENOUGH = 2**15  # predictions
_ARRAYS = ("y_true", "y_pred", "logits", "weight", "mask", "values", "contributions")


class Together:
    """Hands the batches of one output to its checks: all rows once, but fewer, larger batches.

    The first one goes alone, so that the shapes a check keeps are those of a batch; so do large
    ones, and those of another form than the ones before.
    """

    def __init__(self, checks: list[Check]) -> None:
        self.checks = checks
        self.waiting: list[OutputBatch] = []
        self.form: tuple[object, ...] | None = None
        self.handed = self.size = 0

    def see(self, batch: OutputBatch) -> None:
        """Keep a batch until there are enough."""
        form = _form(batch) if self.handed or self.waiting else None
        if form != self.form:
            self.flush()
        self.waiting.append(batch)
        self.form, self.size = form, self.size + (0 if batch.y_pred is None else batch.y_pred.size)
        if form is None or self.size >= _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Hand over what waits."""
        batches, self.waiting, self.size = self.waiting, [], 0
        if not batches:
            return
        batch = batches[0] if len(batches) == 1 else _joined(batches, self.handed)
        self.handed += 1
        for check in self.checks:
            check.see(batch.repaired if check.repaired else batch)


def _form(batch):
    """Return what batches have in common that can be put together, None for one that can't."""
    if batch.y_pred is None or batch.y_pred.size >= _ENOUGH or batch.repaired is not batch:
        return None
    arrays = _arrays(batch).values()
    if any(x is not None and (not x.ndim or len(x) != batch.rows) for x in arrays):
        return None
    return tuple(None if x is None else (x.shape[1:], x.dtype) for x in arrays)


def _arrays(batch):
    """Return what checks read; `kept` and `weights` where they are more than ones."""
    plain = batch.weight is None and batch.mask is None
    names = _ARRAYS if plain else (*_ARRAYS, "kept", "weights")
    return {name: getattr(batch, name) for name in names}


def _joined(batches, number):
    """Return one OutputBatch with the rows of all; what it adds up to is their mean by rows."""
    rows = sum(batch.rows for batch in batches)
    parts = [_arrays(batch) for batch in batches]
    for part, batch in zip(parts, batches, strict=True):
        part["contributions"] = part["contributions"] * (batch.rows / rows)
    whole = replace(batches[0], rows=rows, number=number, contributed=None)
    for name, first in parts[0].items():
        joined = None if first is None else np.concatenate([part[name] for part in parts])
        vars(whole)[name] = joined
    vars(whole)["repaired"] = whole
    return whole
