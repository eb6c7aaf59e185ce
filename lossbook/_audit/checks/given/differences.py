"""How y, sample_weight, loss and loss_weights differ from the outputs, in a few words."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from lossbook._model import Given, is_nested, leaves


def expected(given: Given) -> str:
    """Say what the sides should look like."""
    if isinstance(given.outputs, dict):
        return f"the keys of the outputs, {listed(given.outputs)}"
    if is_nested(given.outputs):
        names = f", or the keys {listed(given.names)}" if given.names else ""
        return f"one entry for each of the {len(given.outputs)} outputs, in their order{names}"
    return "one entry, for the one output"


def listed(keys: Iterable[Any]) -> str:
    """Return keys as they are written, with commas."""
    return ", ".join(map(repr, keys))


def differences(given: Given) -> list[str]:
    """Return how each side differs from the outputs, in a few words."""
    return list(_known(given)) or list(_by_paths(given)) or ["their structures differ"]


def _known(given):
    """Yield what sides of one level have too many, or lack."""
    outputs = given.outputs
    count = len(outputs) if is_nested(outputs) else 1
    keys = list(outputs) if isinstance(outputs, dict) else list(given.names)
    several = f"{count} outputs" if count > 1 else "one output"
    for side in ("y", "sample_weight", "loss", "loss_weights"):
        value = getattr(given, side)
        if value is None and side == "y":
            yield "there are no targets, y is None"
        form = given.y if side == "sample_weight" else outputs
        if isinstance(value, dict):
            if not isinstance(form, dict) and side in ("y", "sample_weight"):
                names_differ = set(value) != set(keys)
                if not is_nested(form):
                    other = "the output is" if side == "y" else "y is"
                    yield f"{side} is a dict, but {other} a single array"
                elif side == "sample_weight":
                    yield f"sample_weight is a dict, but y is a {type(form).__name__}"
                elif names_differ:
                    yield from _keys_differ(side, value, keys)
            else:
                wanted = list(form) if isinstance(form, dict) else keys
                optional = side == "loss" and isinstance(outputs, dict)
                yield from _keys_differ(side, value, wanted, optional)
        elif is_nested(value):
            if side == "sample_weight" and isinstance(form, dict):
                yield f"sample_weight is a {type(value).__name__}, but y is a dict"
            elif len(value) != count and not (side == "loss" and count == 1):
                yield f"{side} has {len(value)} entries for {several}"
            elif any(is_nested(part) for part in value) and len(leaves(outputs)) == count:
                yield f"{side} nests deeper than the outputs"
        elif value is not None and count > 1 and side == "y":
            yield f"y is one array for {several}"
    losses, weights = len(leaves(given.loss)), len(leaves(given.loss_weights))
    if losses not in (count, weights) and is_nested(given.loss_weights):
        of = "one loss" if losses == 1 else f"{losses} losses"
        yield f"loss_weights has {weights} entries for {of}"
    with_loss = set(leaves(given.loss))
    for path, target in leaves(given.y).items() if is_nested(given.y) else ():
        if target is None and (path in with_loss or () in with_loss):
            yield f"y{index_of(path)} is None, though its output has a loss"
    if isinstance(outputs, OrderedDict):
        for side in ("y", "loss"):
            if type(getattr(given, side)) is dict:
                yield f"the outputs are an OrderedDict, {side} is a dict"
    weights = given.sample_weight
    both = is_nested(weights) and type(weights) is type(given.y) and is_nested(outputs)
    if both and isinstance(outputs, dict) != isinstance(weights, dict):
        kind = type(given.y).__name__
        yield f"y and sample_weight are {kind}s, the outputs a {type(outputs).__name__}"


def _keys_differ(side, value, wanted, optional=False):
    extra = [key for key in value if key not in wanted]
    missing = [key for key in wanted if key not in value]
    if extra:
        yield f"{side} has {listed(extra)}, but no output is called so"
    if missing and not (optional and not extra):
        yield f"{side} has no {listed(missing)}"


def _by_paths(given):
    """Yield which parts of y, however deep, the outputs don't have, and the other way round."""
    outputs, y = leaves(given.outputs), leaves(given.y)
    if extra := [path for path in y if path not in outputs]:
        yield f"y has {', '.join(f'y{index_of(path)}' for path in extra[:4])}, the outputs have not"
    if missing := [path for path in outputs if path not in y]:
        yield f"the outputs have {', '.join(index_of(path) for path in missing[:4])}, y has not"


def index_of(path: Iterable[Any]) -> str:
    """Return a path as code: "[0]['a']"."""
    return "".join(f"[{key!r}]" for key in path)


def as_dict(side: str, found: dict[Any, Any]) -> str:
    """Return code that makes a dict of a side: key -> key or place in it now."""
    return f"{side} = {{{', '.join(f'{key!r}: {side}[{at!r}]' for key, at in found.items())}}}"
