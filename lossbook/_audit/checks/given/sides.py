"""The sides of a loss beside each other: outputs, y, sample_weight, loss, loss_weights."""

from typing import Any

from lossbook._core import text_table
from lossbook._model import Given, leaves

WIDTH = 72  # of the whole table
_ROWS = 8
_SIDES = ("y", "sample_weight", "loss", "loss_weights")
_NONE = "-"


def table(given: Given, calls: Any = ()) -> str:
    """Return the sides as aligned lines: a row for each output with what meets it.

    What Keras lets meet is known from its `calls`; without them names, then places decide.
    """
    outputs = leaves(given.outputs)
    heads = ["output", *(side for side in _SIDES if getattr(given, side) is not None)]
    columns = {side: dict(leaves(getattr(given, side))) for side in heads[1:]}
    rows: list[list[str]] = []
    used: dict[str, set[Any]] = {side: set() for side in columns}
    for i, (path, output) in enumerate(outputs.items()):
        row = [f"{_key(path or tuple(given.names[:1]))} {_shape(output)}".strip()]
        for side in columns:
            met = _met(given, side, path, i, calls)
            used[side].add(met)
            row.append(_label(met, columns[side]))
        rows.append(row)
    left = {
        side: [path for path in found if path not in used[side]] for side, found in columns.items()
    }
    for i in range(max(map(len, left.values()), default=0)):
        rows.append(
            [_NONE]
            + [
                _label(paths[i], columns[side]) if i < len(paths) else _NONE
                for side, paths in left.items()
            ]
        )
    if len(rows) > _ROWS:
        rows = [*rows[:_ROWS], [f"... {len(rows) - _ROWS} more", *[""] * (len(heads) - 1)]]
    room = (WIDTH - 2 * (len(heads) - 1)) // len(heads)
    return "\n".join(text_table([[_short(cell, room) for cell in row] for row in [heads, *rows]]))


def _met(given, side, path, index, calls):
    """Return the path of what meets an output on one side, or None."""
    if calls:
        name = {"y": "target", "loss_weights": "loss_weight"}.get(side, side)
        return next((getattr(one, name) for one in calls if one.output == path), None)
    found = leaves(getattr(given, side))
    named = not isinstance(given.outputs, dict) and index < len(given.names)
    name = given.names[index] if named else None
    for candidate in (path, (name,), (index,)):
        if candidate in found:
            return candidate
    alone = () in found and (side != "y" or index == 0)
    return () if alone else None


def _label(path, found):
    if path is None or path not in found:
        return _NONE
    return " ".join(filter(None, [_key(path), _leaf(found[path])]))


def _key(path):
    """Return a path as it is written after a name: 'a', 1, or 'a', 0."""
    return ", ".join(map(repr, path))


def _leaf(leaf):
    """Return what a leaf is: a shape, the name of a loss, a number."""
    if leaf is None:
        return "None"
    if hasattr(leaf, "shape") and not callable(leaf):
        return _shape(leaf)
    if isinstance(leaf, (str, int, float)):
        return str(leaf)
    return getattr(leaf, "__name__", None) or type(leaf).__name__


def _shape(leaf):
    shape = getattr(leaf, "shape", None)
    try:
        return "" if shape is None else str(tuple(shape))
    except ValueError:  # of unknown rank
        return ""


def _short(cell, room):
    return cell if len(cell) <= room else f"{cell[: room - 3]}..."
