"""Explanation: the parts of a reported loss, and the sums of them in groups."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lossbook._core import described, is_whole
from lossbook._explain.groups import Groups
from lossbook._explain.rendering import explanation_html, explanation_text


@dataclass(frozen=True, repr=False)
class Explanation:
    """What the loss of a model is made of, on some data: parts that add up to it.

    `reported` is what the model's own evaluate reports; `total` is what the parts add up to, and
    `residual` is total - reported. `rounding` is how far rounding alone can put them apart: where
    the residual is larger, `notes` say so, and why. `by("output")` and the like return the sums of
    the parts in groups. `outputs` holds (name, loss, loss_weight) of each output.
    """

    reported: float
    outputs: tuple[tuple[str, str, float | None], ...]
    groups: Groups = field(default_factory=Groups)
    notes: tuple[str, ...] = ()

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The rows of every batch."""
        return tuple(self.groups.batch_sizes)

    @cached_property
    def total(self) -> float:
        """What the parts add up to, accumulated in float64."""
        return self.groups.total

    @property
    def residual(self) -> float:
        """Total minus reported, which is how far our sum is from Keras's."""
        return self.total - self.reported

    @property
    def rounding(self) -> float:
        """How far rounding alone can put the total from what is reported."""
        return self.groups.rounding

    def by(self, *keys: Any) -> dict[Any, float]:
        """Return the sums of the parts in groups; every grouping adds up to `total`.

        Surprise: a part is what a group adds to *this* number, denominators included. It is not
        the loss that the group has alone: a rare class has a small part and may be all wrong.

        Args:
            *keys: one or several of "output", "source" (the loss of an output, or an additional
                loss by its layer), "batch", "replica", "sample", "position", "class" (of the
                element) and "true_class" (of the position); or an array of your own with one entry
                per sample: its hospital, domain, annotator. Samples and batches are numbered in the
                order of the data.

        Returns:
            dict: key -> contribution; for several keys (key, ...) -> contribution. What belongs
            to no group has the key "(additional)", for regularisers and add_loss, "(atomic)", for
            losses that cannot be split that far, or "(none)", where targets name no class.

        Raises:
            ValueError: for unknown keys, for an array of another length, and for several keys where
                the data are so large that their sums were not kept; the message says what is.
        """
        own = [i for i, key in enumerate(keys) if not isinstance(key, str) and _is_list(key)]
        if len(own) != 1:
            return self.groups.by(*keys)
        labels = self._labels(keys[own[0]])
        found: dict[Any, float] = {}
        by_sample = self.groups.by(*("sample" if i in own else key for i, key in enumerate(keys)))
        for key, value in by_sample.items():
            names = list(key) if len(keys) > 1 else [key]
            if isinstance(names[own[0]], int):
                names[own[0]] = labels[names[own[0]]]
            name = tuple(names) if len(keys) > 1 else names[0]
            found[name] = found.get(name, 0.0) + value
        return found

    def _labels(self, key):
        rows = self.groups.rows
        try:
            labels = np.asarray(key)
        except ValueError:  # lists of unequal lengths
            labels = np.asarray(None)
        if labels.shape != (rows,) or not all(isinstance(x, Hashable) for x in labels.tolist()):
            received = f"an array of shape {labels.shape}" if labels.shape else described(key)
            raise ValueError(
                f"by() takes an array with one entry for each of the {rows} samples, names or "
                f"numbers. Received: {received}. Expected shape {(rows,)}."
            )
        return labels.tolist()

    def worst(self, k: int = 10) -> tuple[tuple[int, float], ...]:
        """Return the k samples that add most to the loss: a tuple of (sample, contribution).

        Samples that add NaN are the first.

        Raises:
            ValueError: if k is no whole number from 1 on.
        """
        if not is_whole(k):
            raise ValueError(
                f"k must be a whole number, how many samples, at least 1. Received: {described(k)}."
            )
        samples = [(s, value) for s, value in self.by("sample").items() if isinstance(s, int)]
        return tuple(sorted(samples, key=_most_first)[:k])

    def plot(self, *keys: str) -> Any:
        """Draw the parts: by two keys with few names as a table, else as a waterfall.

        `plot("true_class", "class")`, `plot("replica")`; see `lossbook.plots.table` and
        `lossbook.plots.waterfall`. Over epochs: `lossbook.plots.lines(history)`, with
        `lossbook.explain.callback` among the callbacks of `fit`.
        """
        from lossbook import plots

        if len(keys) == 2 and all(isinstance(key, str) and len(self.by(key)) <= 8 for key in keys):
            return plots.table(self, *keys)
        return plots.waterfall(self, *keys)

    def __repr__(self) -> str:
        return explanation_text(self)

    def _repr_html_(self) -> str:
        return explanation_html(self)


def _is_list(key: Any) -> bool:
    """Say whether a key holds entries of its own."""
    return isinstance(key, list | tuple) or bool(np.ndim(key))


def _most_first(item):
    sample, value = item
    return (False, sample) if np.isnan(value) else (True, -value, sample)
