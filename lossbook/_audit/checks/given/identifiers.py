"""Names of losses and metrics that Keras does not know, and what they may stand for."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from lossbook._audit.checks.given.differences import index_of
from lossbook._audit.checks.given.metrics import METRICS_REFUSED
from lossbook._audit.checks.terms import LOSS_REFUSED
from lossbook._audit.finding import Finding, Hazard
from lossbook._core import keras
from lossbook._model import leaves

_OUTSIDE = ("crossentropy", "ce", "accuracy", "acc")  # names that only compile knows


def findings(compiled: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each loss or metric that Keras cannot look up, with the nearest name."""
    for side, module, hazard in (
        ("loss", keras.losses, LOSS_REFUSED),
        ("metrics", keras.metrics, METRICS_REFUSED),
        ("weighted_metrics", keras.metrics, METRICS_REFUSED),
    ):
        for path, leaf in leaves(compiled.get(side)).items():
            if leaf is None or str(leaf).lower() in _OUTSIDE:
                continue
            try:
                module.get(leaf)
            except Exception as error:
                yield _unknown(side, path, leaf, module, hazard, error)
    losses = leaves(compiled.get("loss")).values()
    if losses and all(loss is None for loss in losses) and compiled.get("loss") is not None:
        yield LOSS_REFUSED.found(
            "loss names no loss for any output: each of them is None.",
            "Name a loss for one output at least, or add one in the model, with add_loss.",
            {"outputs": len(losses)},
        )


def _unknown(side: str, path: Any, leaf: Any, module: Any, hazard: Hazard, error: Any) -> Finding:
    index = index_of(path)
    names = ["accuracy"] if side != "loss" else []
    names += [name for name in dir(module) if not name.startswith("_")]
    near = get_close_matches(leaf, names, 1, 0.6) if isinstance(leaf, str) else []
    fix = f"Take a name of keras.{module.__name__.rsplit('.', 1)[-1]}, an object or a function."
    if near and not path:
        fix = f"Write `{side} = {near[0]!r}` and compile again."
    elif near:
        fix = (
            f"Write `{side}{index} = {near[0]!r}; {side} = type({side})({side})` and compile again."
        )
    what = "loss" if side == "loss" else "metric"
    return hazard.found(
        f"{side}{index} is {leaf!r}, which is no {what} that Keras knows"
        + (f": {near[0]!r} is meant?" if near else "."),
        fix,
        {},
        error=error,
    )
