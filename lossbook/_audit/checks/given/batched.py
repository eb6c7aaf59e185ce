"""Data sets and generators without batches, or that yield a dict for a tuple."""

from collections.abc import Iterator
from typing import Any

from lossbook._audit.checks.given.structure import STRUCTURE_REFUSED
from lossbook._audit.finding import Finding
from lossbook._model import leaves

_TARGETS = ("y", "label", "labels", "target", "targets")


def findings(model: Any, x: Any, first: Any) -> Iterator[Finding]:
    """Yield what Keras refuses of the batches: `first` has the parts of one, or their specs."""
    if first is None:
        return
    spec = getattr(x, "element_spec", None)
    if isinstance(spec, dict) and (found := _dict(spec)):
        yield found
    elif _shaped(model, first["x"], more=2):
        yield _batched_twice(first, x)
    elif _shaped(model, first["x"]):
        shape = tuple(next(iter(leaves(first["x"]).values())).shape)
        if spec is not None:
            fix = "Write `x = x.batch(32)`."
        elif hasattr(x, "__next__"):
            fix = "Write `x = ((inputs[None], targets[None]) for inputs, targets in x)`."
        else:
            fix = "Let it return several rows at once, with an axis of rows first."
        yield STRUCTURE_REFUSED.found(
            f"x yields single rows, of shape {shape}, and no batches of them: Keras takes axis 0 "
            "for the rows of a batch.",
            fix,
            {"yielded": shape, "input of the model": tuple(model.inputs[0].shape)},
        )


def _batched_twice(first, x):
    """Return the finding for batches of batches."""
    shape = tuple(next(iter(leaves(first["x"]).values())).shape)
    fix = "Write `x = x.unbatch()`" if hasattr(x, "element_spec") else "Batch them once"
    return STRUCTURE_REFUSED.found(
        f"x yields batches of batches, of shape {shape}: one axis more than the model takes.",
        f"{fix}: batch(...) was called twice, say.",
        {"yielded": shape},
    )


def _dict(spec):
    """Return the finding for a data set of dicts that hold x and y, else None."""
    names = [name for name in _TARGETS if name in spec]
    if len(names) != 1 or len(spec) < 2:
        return None
    others = [name for name in spec if name != names[0]]
    features = f"batch[{others[0]!r}]"
    if len(others) > 1:
        features = f"{{{', '.join(f'{name!r}: batch[{name!r}]' for name in others)}}}"
    return STRUCTURE_REFUSED.found(
        f"The data set yields a dict with the keys {', '.join(map(repr, spec))}: Keras takes all "
        "of it for x, and there are no targets.",
        f"Write `x = x.map(lambda batch: ({features}, batch[{names[0]!r}]))`.",
        {"yielded": f"a dict of {len(spec)}"},
    )


def _shaped(model, x, more=0):
    """Say whether every input has the shape of a row of the model's, behind so many axes more."""
    inputs = getattr(model, "inputs", None) or []
    given = list(leaves(x).values())
    if not inputs or len(inputs) != len(given):
        return False
    try:
        shapes = [tuple(leaf.shape) for leaf in given]
    except (AttributeError, ValueError):  # of unknown rank
        return False
    return all(
        len(row) == len(one.shape) - 1 + more
        and all(n == m or m is None for n, m in zip(row[more:], one.shape[1:], strict=True))
        for row, one in zip(shapes, inputs, strict=True)
    )


def uneven(batches: Any) -> Finding | None:
    """Return the finding for a batch of a generator that has another shape than those before."""
    shapes = [
        [tuple(getattr(leaf, "shape", ()))[1:] for leaf in leaves(tuple(batch)).values()]
        for batch in batches
    ]
    odd = next((i for i, found in enumerate(shapes) if found != shapes[0]), None)
    if odd is None:
        return None
    return STRUCTURE_REFUSED.found(
        f"A batch of the generator has another shape than those before: {_listed(shapes[odd])} "
        f"behind the axis of rows, and not {_listed(shapes[0])}. The model takes one shape alone.",
        "Let the generator pad or cut to one shape, or make that axis of the Input None where the "
        "model allows it.",
        {"first": shapes[0], "another": shapes[odd]},
    )


def _listed(shapes):
    return ", ".join(map(str, shapes))
