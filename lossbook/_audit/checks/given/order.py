"""A list that meets a dict in the alphabetical order of the keys."""

from collections.abc import Iterator
from typing import Any

from lossbook._audit.checks.given.differences import as_dict, listed
from lossbook._audit.checks.given.sides import table
from lossbook._audit.examples import Example, compiled, drawn, two_heads
from lossbook._audit.finding import Finding, Hazard
from lossbook._model import Given, is_nested, leaves

STRUCTURE_ORDER = Hazard(
    "structure-order",
    "error",
    "07_outputs.ipynb",
    4,
    means=(
        "A list meets a dict, and Keras pairs them in the alphabetical order of the keys: an "
        "output gets the targets or the loss of another."
    ),
    why=(
        "Keras flattens a dict in the order of its sorted keys, whatever order it was written "
        "in, and lays a list along that order."
    ),
    ignore=(
        "If the list was made in the alphabetical order of the keys. Names say so without a doubt."
    ),
    symptoms=("by-hand", "never-learns"),
    asked=(
        "https://github.com/keras-team/keras/issues/20346",
        "https://github.com/keras-team/keras/issues/20596",
    ),
)


def findings(given: Given, calls: Any) -> Iterator[Finding]:
    """Yield a finding where a list meets a dict in the order of its sorted keys."""
    outputs = leaves(given.outputs)
    if any(len(path) > 1 for path in outputs):
        return
    odd = {}
    for side, name in (("y", "target"), ("loss", "loss"), ("loss_weights", "loss_weight")):
        value = getattr(given, side)
        if not is_nested(value) or _same(value) or len(value) != len(outputs):
            continue
        pairs = {call.output: getattr(call, name) for call in calls}
        meant = {path: _meant(given, value, path, i) for i, path in enumerate(outputs)}
        if any(map(is_nested, _parts(value))):  # several losses for one output
            continue
        if any(pairs[path] != meant[path] for path in pairs) and _may_be_meant(given, side):
            odd[side] = f"{side} is a list, the outputs are a dict"
            if isinstance(value, dict):
                names = given.outputs if isinstance(given.outputs, dict) else given.names
                unknown = [key for key in value if key not in names]
                odd[side] = f"{side} names {listed(unknown)}, which no output is called"
                odd[side] = odd[side] if unknown else f"{side} is a dict, loss is none"
    if not odd:
        return
    code = "; ".join(f"`{_by_names(given, side)}`" for side in odd)
    again = " and compile again" if set(odd) - {"y"} else ""
    yield STRUCTURE_ORDER.found(
        f"{'; '.join(odd.values())}. Keras takes the keys in alphabetical order, so that others "
        "meet than those in the same place or of the same name.",
        f"Name them: write {code}{again}.",
        {"as Keras lets them meet": table(given, calls)},
    )


def _parts(value):
    return value.values() if isinstance(value, dict) else value


def _meant(given, value, path, place):
    """Return the path on another side that an output should meet, or None."""
    if not isinstance(value, dict):
        return (place,)
    name = path[0] if isinstance(given.outputs, dict) else None
    if name is None and place < len(given.names):
        name = given.names[place]
    return (name,) if name in value else (list(value)[place],)


def _same(values):
    """Say whether all values are the same, so that their order is none."""
    values = list(_parts(values))
    return all(value is values[0] or _equal(value, values[0]) for value in values[1:])


def _equal(one, other):
    return isinstance(one, (str, int, float)) and type(one) is type(other) and one == other


def _may_be_meant(given, side):
    """Say whether targets fit the outputs of the same place too; else no other order is meant."""
    if side != "y":
        return True
    outputs = list(leaves(given.outputs).values())
    return all(_fits(y, output) for y, output in zip(given.y, outputs, strict=False))


def _fits(y, output):
    y, output = tuple(getattr(y, "shape", ()))[1:], tuple(output.shape)[1:]
    return y in (output, output[:-1], (*output[:-1], 1)) or (*y, 1) == output


def _by_names(given, side):
    """Return code that gives a side the form of the outputs: the same place, or the same name."""
    value, outputs = getattr(given, side), given.outputs
    names = list(outputs) if isinstance(outputs, dict) else given.names
    sources = list(range(len(value)))
    if isinstance(value, dict):
        pairs = zip(names, value, strict=False)
        sources = [name if name in value else source for name, source in pairs]
    if not isinstance(outputs, dict):
        return f"{side} = [{', '.join(f'{side}[{source!r}]' for source in sources)}]"
    return as_dict(side, dict(zip(outputs, sources, strict=True)))


@STRUCTURE_ORDER.example("A dict with the names of the outputs")
def list_for_a_dict(mended=0):
    """A list of targets for a dict of outputs, whose keys are not in alphabetical order."""
    y = [drawn(4, 3, seed=1), drawn(4, 3, seed=2)]
    y = {"near": y[0], "far": y[1]} if mended else y
    losses = {"near": "mse", "far": "mae"}
    return Example(compiled(two_heads(dict), losses), {"x": drawn(4, 3), "y": y})
