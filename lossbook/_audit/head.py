"""The head of an audit: what it has seen, which checks ran, which did not and why."""

from dataclasses import dataclass, field
from typing import Any

from lossbook._core import counted

_NAMES = 3  # so many outputs are named


@dataclass
class Seen:
    """What the batches of an audit had."""

    rows: int = 0
    batches: int = 0
    outputs: list[str] = field(default_factory=list)
    own_losses: list[str] = field(default_factory=list)
    weights: bool = False
    masks: bool = False
    additional: bool = False

    def count(self, rows: int, replica: int) -> None:
        """Count one batch, or what one of several replicas has of it."""
        self.rows += rows
        self.batches += replica == 0

    def see(self, calls: Any, additional: Any) -> None:
        """Take in the calls of losses and the additional losses of one batch."""
        self.additional |= bool(additional)
        for call in calls:
            name = call.output.name
            if name not in self.outputs:
                self.outputs.append(name)
                if call.output.loss_name is None:
                    self.own_losses.append(name)
            self.weights |= call.sample_weight is not None
            self.masks |= call.mask is not None or call.lost_mask is not None

    def lines(self, class_weight: bool, structure: bool, few: bool) -> str:
        """Return one or two sentences: what was seen and checked, and what was not, and why.

        `few` says that a few rows could be tried, in batches of two sizes.
        """
        if not self.batches:
            return "Nothing was computed: Keras refuses this, or fails."
        seen = [counted(self.rows, "row"), counted(self.batches, "batch")]
        if not self.outputs:
            return f"Seen: {', '.join(seen)}."
        seen.append(f"{counted(len(self.outputs), 'output')} ({_listed(self.outputs)})")
        ran = ["targets", "predictions", "values"]
        ran = ["structure", *ran] if structure else ran
        skipped = [] if structure else ["structure (not known before the model runs)"]
        for name, holds, why in (
            ("weights", self.weights, "none"),
            ("class weights", class_weight, "none"),
            ("masks", self.masks, "none"),
            ("additional losses", self.additional, "none"),
            (
                "what depends on the batch",
                self.batches > 1 and few,
                "one batch alone" if few else "no few rows could be tried",
            ),
        ):
            if holds:
                ran.append(name)
            else:
                skipped.append(f"{name} ({why})")
        if self.own_losses:
            skipped.append(
                f"the range of targets of {_listed(self.own_losses)} (a loss of its own)"
            )
        parts = [f"Seen: {', '.join(seen)}.", f"Checked: {', '.join(ran)}."]
        parts += [f"Not: {', '.join(skipped)}."] if skipped else []
        return " ".join(parts)


def _listed(names):
    shown = ", ".join(map(repr, names[:_NAMES]))
    return shown if len(names) <= _NAMES else f"{shown}, ..."
