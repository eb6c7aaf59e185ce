"""Repairs of a structure that Keras refuses, as code that Keras accepts: it is asked."""

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from lossbook._audit.checks.given.differences import differences
from lossbook._model import Given, is_nested, leaves, met

_SIDES = ("y", "sample_weight", "loss", "loss_weights")


def repaired(given: Given) -> str | None:
    """Return code that gives the sides a form that Keras takes, or None where none is known."""
    single = {side: list(_candidates(given, side)) for side in _SIDES}
    said = " ".join(differences(given))
    ordered = sorted(_SIDES, key=lambda side: not re.search(rf"\b{side} (has|is|nests)", said))
    for count in (1, 2, 3):
        for sides in itertools.combinations(ordered, count):
            for found in itertools.product(*(single[side] for side in sides)):
                other = replace(
                    given, **{s: value for s, (_, value) in zip(sides, found, strict=True)}
                )
                if _fits(other):
                    return "; ".join(f"`{code}`" for code, _ in found)
    return None


def _fits(given):
    """Say whether Keras takes these, and a sample_weight has the structure of y or is one array."""
    weight = given.sample_weight
    if is_nested(given.y) and is_nested(weight) and list(leaves(weight)) != list(leaves(given.y)):
        return False
    if (
        is_nested(given.y)
        and weight is not None
        and not is_nested(weight)
        and len(weight.shape) > 1
    ):
        return False
    try:
        calls, _ = met(given)
    except Exception:
        return False
    return bool(calls)


def _candidates(given: Given, side: str) -> Iterator[tuple[str, Any]]:
    """Yield (code, value): other forms of one side."""
    value = getattr(given, side)
    if value is None:
        return
    outputs, names = given.outputs, list(given.names)
    keys = list(outputs) if isinstance(outputs, dict) else None
    yield from _nested(outputs, side, value)
    yield from _with_fewer_losses(given, side, value)
    if isinstance(outputs, OrderedDict) and type(value) is dict and set(value) == set(outputs):
        code = f"from collections import OrderedDict; {side} = OrderedDict({side})"
        yield code, OrderedDict((key, value[key]) for key in outputs)
    count = len(outputs) if is_nested(outputs) else 1
    if isinstance(value, dict):
        wanted = keys or (names if len(names) == count else list(value)[:count])
        sources = _sources(wanted, list(value))
        if keys is not None or (side in ("loss", "loss_weights") and is_nested(outputs)):
            found = {
                key: source
                for key, source in zip(wanted, sources, strict=True)
                if source is not None
            }
            yield _dict(side, found, value)
        if keys is not None and isinstance(given.y, dict) and side in ("loss", "loss_weights"):
            found = {key: key for key in wanted if key in value and key in given.y}
            yield _dict(side, found, value)
        if side == "sample_weight" and isinstance(given.y, dict):
            code = ", ".join(
                f"{key!r}: sample_weight[{key!r}]"
                if key in value
                else f"{key!r}: np.ones(len(y[{key!r}]))"
                for key in given.y
            )
            yield (
                f"sample_weight = {{{code}}}",
                {key: value.get(key, np.ones(len(y))) for key, y in given.y.items()},
            )
        elif (
            side == "sample_weight"
            and isinstance(given.y, (list, tuple))
            and set(value) <= {*names}
        ):
            parts = [
                (f"sample_weight[{name!r}]", value[name])
                if name in value
                else (f"np.ones(len(y[{i}]))", np.ones(len(y)))
                for i, (name, y) in enumerate(zip(names, given.y, strict=False))
            ]
            yield f"sample_weight = [{', '.join(code for code, _ in parts)}]", [w for _, w in parts]
        if keys is None and is_nested(outputs) and None not in sources:
            code = ", ".join(f"{side}[{source!r}]" for source in sources)
            yield f"{side} = [{code}]", [value[source] for source in sources]
        if not is_nested(outputs) and value:
            source = next((n for n in names if n in value), next(iter(value)))
            yield f"{side} = {side}[{source!r}]", value[source]
    elif is_nested(value):
        if keys is not None and len(value) >= count:
            code = ", ".join(f"{key!r}: {side}[{i}]" for i, key in enumerate(keys))
            yield f"{side} = {{{code}}}", dict(zip(keys, value, strict=False))
        elif keys is None and len(value) > count and count > 1:
            yield f"{side} = {side}[:{count}]", value[:count]
        if not is_nested(outputs) and side == "y" and len(value) == outputs.shape[-1]:
            joined = (
                "np.stack(y, axis=-1)"
                if value[0].ndim < len(outputs.shape)
                else "np.concatenate(y, axis=-1)"
            )
            yield f"y = {joined}", value[0]
        if value and (not is_nested(outputs) or (side == "sample_weight" and len(value) == 1)):
            yield f"{side} = {side}[0]", value[0]
        if any(is_nested(part) for part in value) and keys is None:
            flat = [part[0] if _single(part) else part for part in value]
            code = ", ".join(
                f"{side}[{i}][0]" if _single(part) else f"{side}[{i}]"
                for i, part in enumerate(value)
            )
            yield f"{side} = [{code}]", flat
    elif count > 1 and side == "y" and (parts := _parts(value, outputs)):
        given_parts = [value] * count
        if keys is None:
            yield f"y = [{', '.join(parts)}]", given_parts
        else:
            code = ", ".join(f"{key!r}: {part}" for key, part in zip(keys, parts, strict=True))
            yield f"y = {{{code}}}", dict(zip(keys, given_parts, strict=True))
    elif count > 1 and keys is not None:
        yield f"{side} = dict.fromkeys({keys!r}, {side})", dict.fromkeys(keys, value)
    elif count > 1:
        yield f"{side} = [{side}] * {count}", [value] * count


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

    def filled(part, key=None):
        if isinstance(part, dict):
            return {name: filled(one, name) for name, one in part.items()}
        return value[key]

    if all(isinstance(key, str) for path in paths for key in path):
        yield f"{side} = {code(outputs)}", filled(outputs)


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


def _dict(side, found, value):
    code = ", ".join(f"{key!r}: {side}[{source!r}]" for key, source in found.items())
    return f"{side} = {{{code}}}", {key: value[source] for key, source in found.items()}


def _with_fewer_losses(given, side, value):
    """Yield a form without the losses whose targets are None; weights for each loss of several."""
    if side == "loss" and is_nested(value) and type(value) is type(given.y):
        if isinstance(value, dict):
            found = {key: None if given.y.get(key, 0) is None else value[key] for key in value}
        else:
            found = [None if y is None else one for y, one in zip(given.y, value, strict=False)]
        if None in leaves(found).values():
            parts = found.items() if isinstance(found, dict) else enumerate(found)
            code = [(k, "None" if one is None else f"loss[{k!r}]") for k, one in parts]
            if isinstance(found, dict):
                yield f"loss = {{{', '.join(f'{k!r}: {c}' for k, c in code)}}}", found
            else:
                yield f"loss = [{', '.join(c for _, c in code)}]", found
    losses = given.loss
    if side == "loss_weights" and isinstance(value, dict) and isinstance(losses, dict):
        several = {key: len(one) for key, one in losses.items() if isinstance(one, (list, tuple))}
        if several and set(value) == set(losses):
            code = ", ".join(
                f"{key!r}: [loss_weights[{key!r}]] * {several[key]}"
                if key in several
                else f"{key!r}: loss_weights[{key!r}]"
                for key in losses
            )
            found = {key: [w] * several[key] if key in several else w for key, w in value.items()}
            yield f"loss_weights = {{{code}}}", found


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
