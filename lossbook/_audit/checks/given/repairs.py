"""Repairs of a structure that Keras refuses, as code; it is run, and Keras asked of the result."""

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from lossbook._audit.checks.given.differences import as_dict, differences
from lossbook._audit.observation import or_none
from lossbook._model import Given, is_nested, leaves, mapped, met

_SIDES = ("y", "sample_weight", "loss", "loss_weights")
_ROWS = 64  # of an array that code is tried on


def repaired(given: Given) -> str | None:
    """Return code that gives the sides a form that Keras takes, or None where none is known."""
    single = {side: list(_candidates(given, side)) for side in _SIDES}
    said = " ".join(differences(given))
    ordered = sorted(_SIDES, key=lambda side: not re.search(rf"\b{side} (has|is|nests)", said))
    for count in (1, 2, 3):
        for sides in itertools.combinations(ordered, count):
            for codes in itertools.product(*(single[side] for side in sides)):
                if _mends(given, codes):
                    return "; ".join(f"`{code}`" for code in codes)
    return None


@or_none
def _mends(given, codes):
    """Say whether Keras takes what the code makes; weights have y's structure, or are a column."""
    names = {side: mapped(_small, getattr(given, side)) for side in _SIDES} | {"np": np}
    for code in codes:
        exec(code, names)
    given = replace(given, **{side: names[side] for side in _SIDES})
    weight, nested = given.sample_weight, is_nested(given.y)
    if nested and is_nested(weight) and list(leaves(weight)) != list(leaves(given.y)):
        return False
    if nested and not is_nested(weight) and np.ndim(weight) > 1:
        return False
    return bool(met(given)[0])


def _small(path, leaf):
    """Return an array of few rows in place of a large one, or of what a data set will yield."""
    if not hasattr(leaf, "shape") or callable(leaf):
        return leaf
    return np.zeros([min(n or 1, _ROWS) for n in tuple(leaf.shape)])


def _candidates(given: Given, side: str) -> Iterator[str]:
    """Yield code for other forms of one side."""
    value = getattr(given, side)
    if value is None:
        return
    outputs, names = given.outputs, list(given.names)
    keys = list(outputs) if isinstance(outputs, dict) else None
    yield from _nested(outputs, side, value)
    yield from _with_fewer_losses(given, side, value)
    if isinstance(outputs, OrderedDict) and type(value) is dict and set(value) == set(outputs):
        yield f"from collections import OrderedDict; {side} = OrderedDict({side})"
    count = len(outputs) if is_nested(outputs) else 1
    if isinstance(value, dict):
        wanted = keys or (names if len(names) == count else list(value)[:count])
        sources = _sources(wanted, list(value))
        factors = side in ("loss", "loss_weights")
        if keys is not None or (factors and is_nested(outputs)):
            found = zip(wanted, sources, strict=True)
            yield as_dict(side, {key: source for key, source in found if source is not None})
        if keys is not None and isinstance(given.y, dict) and factors:
            yield as_dict(side, {key: key for key in wanted if key in value and key in given.y})
        if side == "sample_weight" and isinstance(given.y, dict):
            parts = (f"{key!r}: {_weights(key, key, value)}" for key in given.y)
            yield f"sample_weight = {{{', '.join(parts)}}}"
        elif side == "sample_weight" and is_nested(given.y) and set(value) <= {*names}:
            pairs = enumerate(names[: len(given.y)])
            yield f"sample_weight = [{', '.join(_weights(name, i, value) for i, name in pairs)}]"
        if keys is None and is_nested(outputs) and None not in sources:
            yield f"{side} = [{', '.join(f'{side}[{source!r}]' for source in sources)}]"
        if not is_nested(outputs) and value:
            yield f"{side} = {side}[{next((n for n in names if n in value), next(iter(value)))!r}]"
    elif is_nested(value):
        if keys is not None and len(value) >= count:
            yield as_dict(side, {key: i for i, key in enumerate(keys)})
        elif keys is None and len(value) > count and count > 1:
            yield f"{side} = {side}[:{count}]"
        if not is_nested(outputs) and side == "y" and len(value) == outputs.shape[-1]:
            joins = "stack" if value[0].ndim < len(outputs.shape) else "concatenate"
            yield f"y = np.{joins}(y, axis=-1)"
        if value and (not is_nested(outputs) or (side == "sample_weight" and len(value) == 1)):
            yield f"{side} = {side}[0]"
        if any(is_nested(part) for part in value) and keys is None:
            parts = (f"{side}[{i}]" + "[0]" * _single(part) for i, part in enumerate(value))
            yield f"{side} = [{', '.join(parts)}]"
    elif count > 1 and side == "y" and (parts := _parts(value, outputs)):
        if keys is None:
            yield f"y = [{', '.join(parts)}]"
        else:
            by_key = zip(keys, parts, strict=True)
            yield f"y = {{{', '.join(f'{key!r}: {part}' for key, part in by_key)}}}"
    elif count > 1 and keys is not None:
        yield f"{side} = dict.fromkeys({keys!r}, {side})"
    elif count > 1:
        yield f"{side} = [{side}] * {count}"


def _weights(name, index, value):
    """Return code of the weights of one output, 1 where a dict has none."""
    return f"sample_weight[{name!r}]" if name in value else f"np.ones(len(y[{index!r}]))"


def _nested(outputs, side, value):
    """Yield a flat dict in the form of outputs that are dicts of dicts, of the same last keys."""
    paths = leaves(outputs)
    if not isinstance(value, dict) or {path[-1:] for path in paths} != {(key,) for key in value}:
        return
    if len(paths) != len(value) or {len(path) for path in paths} == {1}:
        return

    def code(part, key=None):
        if isinstance(part, dict):
            return f"{{{', '.join(f'{name!r}: {code(one, name)}' for name, one in part.items())}}}"
        return f"{side}[{key!r}]"

    if all(isinstance(key, str) for path in paths for key in path):
        yield f"{side} = {code(outputs)}"


def _parts(y, outputs):
    """Return code for the part of an array that belongs to each output, () where none does."""
    heads = list(outputs.values() if isinstance(outputs, dict) else outputs)
    y, count = tuple(getattr(y, "shape", ())), len(heads)
    ranks, lasts = {len(head.shape) for head in heads}, {head.shape[-1] for head in heads}
    if len(y) > 1 and y[0] == count and {len(y) - 1} <= {*ranks, *(rank - 1 for rank in ranks)}:
        return [f"y[{i}]" for i in range(count)]
    if y and y[-1] == count and lasts == {1} and ranks == {len(y)}:
        return [f"y[..., {i}:{i + 1}]" for i in range(count)]
    return []


def _with_fewer_losses(given, side, value):
    """Yield a form without the losses whose targets are None; weights for each loss of several."""
    if side == "loss" and is_nested(value) and type(value) is type(given.y):
        if isinstance(value, dict):
            left = {key: given.y.get(key, 0) is None or value[key] is None for key in value}
        else:
            pairs = enumerate(zip(given.y, value, strict=False))
            left = {i: y is None or one is None for i, (y, one) in pairs}
        if any(left.values()):
            code = {key: "None" if out else f"loss[{key!r}]" for key, out in left.items()}
            if isinstance(value, dict):
                yield f"loss = {{{', '.join(f'{key!r}: {one}' for key, one in code.items())}}}"
            else:
                yield f"loss = [{', '.join(code.values())}]"
    losses = given.loss
    if side == "loss_weights" and isinstance(value, dict) and isinstance(losses, dict):
        several = {key: len(one) for key, one in losses.items() if isinstance(one, (list, tuple))}
        if several and set(value) == set(losses):
            parts = {
                key: f"[loss_weights[{key!r}]] * {several[key]}"
                if key in several
                else f"loss_weights[{key!r}]"
                for key in losses
            }
            yield f"loss_weights = {{{', '.join(f'{key!r}: {one}' for key, one in parts.items())}}}"


def _single(part):
    return isinstance(part, (list, tuple)) and len(part) == 1


def _sources(wanted, given):
    """Return the key for each wanted one: the same, else the most similar that nobody wants."""
    rest = [key for key in given if key not in wanted]
    found = {key: key for key in wanted if key in given}
    likeness = [
        (SequenceMatcher(None, str(key).lower(), str(other).lower()).ratio(), -i, key, other)
        for key in wanted
        for i, other in enumerate(rest)
    ]
    for ratio, _, key, other in sorted(likeness, key=lambda pair: pair[:2], reverse=True):
        if ratio and key not in found and other not in found.values():
            found[key] = other
    left = iter([key for key in rest if key not in found.values()])
    return [found[key] if key in found else next(left, None) for key in wanted]
