"""Repairs of a structure that Keras refuses, as code that Keras accepts: it is asked."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lossbook._model import Given, is_nested, leaves, met

_SIDES = ("y", "sample_weight", "loss", "loss_weights")


def repaired(given: Given) -> str | None:
    """Return code that gives the sides a form that Keras takes, or None where none is known."""
    single = {side: list(_candidates(given, side)) for side in _SIDES}
    for count in (1, 2, 3):
        for sides in itertools.combinations(_SIDES, count):
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
            flat = [part[0] if is_nested(part) and len(part) == 1 else part for part in value]
            code = ", ".join(
                f"{side}[{i}][0]" if is_nested(part) and len(part) == 1 else f"{side}[{i}]"
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


def _sources(wanted, given):
    """Return the key for each wanted one: of the same name, else the next that nobody wants."""
    rest = iter([key for key in given if key not in wanted])
    return [key if key in given else next(rest, None) for key in wanted]
