"""What separates the parts from the number that evaluate reports, where it is not rounding."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook._core import active_backend, four_digits, to_numpy, with_section
from lossbook._explain.blocks import UNMARKED
from lossbook._model import Watch, overridden

ONCE_MORE = (  # what happens, and how to mend it
    "Its metric counts every batch once, and one more where the data end: TensorFlow still runs "
    "what needs no data, unless the number of batches is known beforehand.",
    "Update it with sample_weight=rows, or give the dataset assert_cardinality.",
)


def gap(explanation: Any, watch: Watch) -> Iterator[str]:
    """Yield notes: that the parts miss what evaluate reports by more than rounding, and why."""
    counting = watch.counting if watch.random or watch.stale else {}  # or it changes nothing
    for name, changed in counting.items():
        yield (
            f"{name} changes {_and(changed)} each time it is called: evaluate prints other numbers "
            "from call to call, and a compiled step keeps that of its trace. Keep it in a "
            "keras.Variable, and change it in a callback."
        )
    if watch.random and not counting:
        yield (
            "The loss is another one each time it is computed, on the same data: something counts "
            "in plain Python, or draws random numbers without a seed that the model keeps. The "
            "parts are those of this pass; the next evaluate prints another number, and a compiled "
            "step keeps that of its trace."
        )
    reported, total = explanation.reported, explanation.total
    residual, rounding = abs(explanation.residual), explanation.rounding
    if math.isnan(reported) and math.isfinite(total):
        yield (
            "What evaluate reports has no 'loss', or it is NaN, though the parts add up to "
            f"{four_digits(total)}."
        )
    elif math.isnan(total) and math.isfinite(reported):
        yield f"The parts add up to NaN, though evaluate reports {four_digits(reported)}."
    elif residual > rounding:
        yield (
            f"The parts miss what evaluate reports by {four_digits(residual)}; rounding explains "
            f"{four_digits(rounding)}."
        )
    else:
        return
    groups, batches = explanation.groups, len(explanation.batch_sizes)
    if groups.weight == batches and counted_once_more(reported, total, batches, rounding):
        yield with_section(" ".join(ONCE_MORE), "reported-not-computed")
    elif not (watch.random or counting):
        yield cause(watch.model, watch.stale)


def cause(model: Any, stale: bool) -> str:
    """Say what separates the number that evaluate reports from the parts of a step traced now."""
    own = [name for name in overridden(model) if name not in ("call", "train_step")]
    if stale:
        message = (
            "The model's own evaluation was compiled when the model was another, and keeps numbers "
            "of then: a plain number in a layer or a loss, a layer that was frozen since. Compile "
            f"the model again{also_on_jax()}; keep a number that is to change in a keras.Variable."
        )
        return with_section(message, "step-outdated")
    if own:
        message = (
            f"{type(model).__name__} has {_and(own)} of its own: what it reports is not what its "
            "step computes. Is the metric that it reports updated with the loss of every batch?"
        )
        return with_section(message, "reported-not-computed")
    if [metric.name for metric in model.metrics].count("loss") > 1:
        message = (
            "Two metrics of the model are named 'loss', Keras's own and a tracker that no step of "
            "evaluate updates: the latter is reported. Give it another name."
        )
        return with_section(message, "tracker-not-updated")
    return "lossbook does not know why. Is the loss the same each time it is called?"


def counted_once_more(reported: float, computed: float, batches: int, rounding: float) -> bool:
    """Say whether a mean of batches was divided by one batch more than there are."""
    tensorflow = active_backend() == "tensorflow" and batches > 1  # half of one may be meant
    return tensorflow and abs(reported * (batches + 1) / batches - computed) <= 2 * rounding


def unseen(names: tuple[str, ...], groups: Any) -> Iterator[str]:
    """Yield a note if a part is unmarked and losses were called where nothing can be measured."""
    if names and UNMARKED in groups.by("output"):
        yield (
            f"{', '.join(names)}: called in a function that is compiled or differentiated in "
            "itself, where nothing can be measured. Call what it wraps."
        )


def also_on_jax() -> str:
    """Say what compiling again needs on JAX, which keeps what it has traced."""
    return " and call jax.clear_caches()" if active_backend() == "jax" else ""


def _and(names):
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class OwnStep:
    """What a step of the model's own does with its loss, seen batch by batch."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.weights: list[float] = []
        self.bent: dict[str, float] = {}
        self.tracked = True

    def see(self, rows: int, tensors: Any, marks: tuple[str, ...], tracked: bool) -> float:
        """Take in one batch; return what it weighs in the epoch."""
        weight = float(to_numpy(tensors["weight"]))
        self.rows.append(rows)
        self.weights.append(weight)
        self.tracked = tracked
        for name, bend in zip(marks, np.ravel(to_numpy(tensors["bends"])), strict=False):
            self.bent[name] = max(self.bent.get(name, 0.0), float(bend))
        return weight

    def notes(self, step: str | None, log: str, explanation: Any) -> Iterator[str]:
        """Yield whose step this is, and what it does that hardly anyone means."""
        if step is None:
            return
        mode = "in training mode, with the weights as they are" if step == "train_step" else ""
        parts = f"These are the parts of {'' if log == 'loss' else f'{log!r} in '}its own {step}"
        yield " ".join(filter(None, [parts, mode])) + "."
        scale = max(abs(explanation.total), explanation.rounding)
        bent = [name for name, bend in self.bent.items() if bend > 1e-5 * scale]
        if bent:
            yield (
                f"The loss is not linear in {_and(bent)}: a power, a logarithm, a quotient or a "
                "product of losses is no sum of parts, and (unmarked) makes up for it."
            )
        if not self.tracked and not abs(explanation.residual) > explanation.rounding:
            message = (
                "It returns a tensor, and no metric that keeps the mean: what is reported is the "
                "last batch alone."
            )
            yield with_section(message, "last-batch-shown")
        if self.tracked and len(set(self.rows)) > 1 and len(set(self.weights)) == 1:
            message = (
                "Its metric counts every batch once, whatever its rows: a mean of means. Update it "
                "with sample_weight=rows, as Keras does."
            )
            yield with_section(message, "batches-counted-once")
