"""The head of an audit: what it has seen, which checks ran, which did not and why."""

from dataclasses import dataclass, field
from typing import Any

_NAMES = 3  # so many outputs are named


@dataclass
class Seen:
    """What the batches of an audit had."""

    given: bool = True  # class weights or not
    structure: bool = True
    rows: int = 0
    batches: int = 0
    outputs: list[str] = field(default_factory=list)
    own_losses: list[str] = field(default_factory=list)
    weights: bool = False
    masks: bool = False
    additional: bool = False

    def see(self, rows: int, calls: Any, additional: Any) -> None:
        """Take in one batch: its rows, calls of losses, additional losses."""
        self.rows += rows
        self.batches += 1
        self.additional |= bool(additional)
        for call in calls:
            name = call.output.name
            if name not in self.outputs:
                self.outputs.append(name)
                if call.output.loss_name is None:
                    self.own_losses.append(name)
            self.weights |= call.sample_weight is not None
            self.masks |= call.mask is not None or call.lost_mask is not None

    def lines(self, class_weight: bool, structure: bool) -> str:
        """Return one or two sentences: what was seen and checked, and what was not, and why."""
        if not self.batches:
            return ""
        seen = [_count(self.rows, "row"), _count(self.batches, "batch"), self._of_outputs()]
        ran = ["targets", "predictions", "values"]
        ran = ["structure", *ran] if structure else ran
        skipped = [] if structure else ["structure (not known before the model runs)"]
        for name, holds, why in (
            ("weights", self.weights, "none"),
            ("class weights", class_weight, "none"),
            ("masks", self.masks, "none"),
            ("additional losses", self.additional, "none"),
            ("what depends on the batch", self.batches > 1, "one batch alone"),
        ):
            (ran.append(name) if holds else skipped.append(f"{name} ({why})"))
        if self.own_losses:
            skipped.append(f"the range of targets of {_listed(self.own_losses)} (a loss of its own)")
        return (
            f"Seen: {', '.join(seen)}. Checked: {', '.join(ran)}. Not: {', '.join(skipped)}."
            if skipped
            else f"Seen: {', '.join(seen)}. Checked: {', '.join(ran)}."
        )

    def _of_outputs(self):
        return f"{_count(len(self.outputs), 'output')} ({_listed(self.outputs)})"


def _count(number, what):
    return f"{number:,} {what}{'' if number == 1 else 'es' if what.endswith('h') else 's'}"


def _listed(names):
    shown = ", ".join(map(repr, names[:_NAMES]))
    return shown if len(names) <= _NAMES else f"{shown}, ..."
