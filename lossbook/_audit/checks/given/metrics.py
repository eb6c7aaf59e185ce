"""Metrics that don't fit the outputs."""

from collections.abc import Iterator

from lossbook._audit.checks.given.differences import as_dict, listed
from lossbook._audit.examples import Example, compiled, drawn, two_heads
from lossbook._audit.finding import Finding, Hazard
from lossbook._model import Given, check_metrics, leaves

METRICS_REFUSED = Hazard(
    "metrics-refused",
    "error",
    "07_outputs.ipynb",
    8,
    means=(
        "metrics or weighted_metrics do not fit the outputs, or name a metric that Keras does "
        "not know."
    ),
    why=(
        "Of several outputs a list of metrics needs one entry for each, a dict the names of the "
        "outputs. Keras looks at that when the first batch comes, not in compile()."
    ),
    ignore="Never: Keras fails, though the loss itself is sound.",
    symptoms=("raises",),
    asked=(
        "https://github.com/keras-team/keras/issues/21259",
        "https://github.com/tensorflow/tensorflow/issues/100319",
    ),
)


def findings(given: Given) -> Iterator[Finding]:
    """Yield a finding if Keras refuses the metrics."""
    try:
        if given.metrics or given.weighted_metrics:
            check_metrics(given)
    except Exception as error:
        yield _refused(given, error)


def _refused(given, error):
    side = "metrics" if given.metrics else "weighted_metrics"
    count = len(leaves(given.outputs))
    value = getattr(given, side)
    keys = list(given.outputs) if isinstance(given.outputs, dict) else list(given.names)
    if isinstance(value, dict):
        sources = [key for key in value if key not in keys]
        said = f"it names {listed(sources)}, which no output is called"
        unnamed = [key for key in keys if key not in value]
        if len(sources) <= len(unnamed):
            new = dict(zip(sources, unnamed, strict=False))
            fix = f"`{as_dict(side, {new.get(key, key): key for key in value})}`"
        else:
            fix = f"`{as_dict(side, {key: key for key in value if key in keys})}`"
    else:
        said = f"its length is {len(value)}, for {count} outputs"
        fix = f"`{side} = [list({side})] * {count}` (each of them for every output)"
    return METRICS_REFUSED.found(
        f"{side} does not fit the outputs: {said}. Keras fails.",
        f"Write {fix} and compile again.",
        {"outputs": keys},
        error=error,
    )


@METRICS_REFUSED.example("A list for every output", "A dict with the names of the outputs")
def one_metric_for_two(mended=0):
    """One metric in a list, for two outputs."""
    metrics = {0: ["mae"], 1: [["mae"], ["mae"]], 2: {"near": "mae", "far": "mae"}}[mended]
    model = compiled(two_heads(list), ["mse", "mse"], metrics=metrics)
    y = [drawn(4, 3, seed=1), drawn(4, 3, seed=2)]
    return Example(model, {"x": drawn(4, 3), "y": y})
