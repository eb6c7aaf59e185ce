"""The recorded numbers: which release printed what for a case.

`_atlas.json` is made of `records/atlas` by `records/atlas/summary.py`.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from textwrap import fill
from typing import Any

from lossbook._core import described

_REFUSED = "."


@cache
def table() -> dict[str, Any]:
    """Return what the file holds: releases, cases, what each uses and shows, the ways back."""
    return json.loads(resources.files("lossbook").joinpath("_atlas.json").read_text("utf8"))


def releases() -> tuple[str, ...]:
    """Return the names of the releases: Keras 2, tf.keras, tf_keras, Keras 3, each in its order.

    Examples:
        >>> from lossbook import atlas
        >>> atlas.releases()[:4]
        ('keras-2.2.4', 'keras-2.2.5', 'keras-2.3.1', 'tf.keras-1.13.1')
    """
    return tuple(table()["releases"])


def cases() -> tuple[str, ...]:
    """Return the names of the cases."""
    return tuple(table()["cases"])


def row(key: str) -> tuple[list, str]:
    """Return (distinct numbers, a letter for each release) of "CASE" or "CASE METHOD"."""
    case, _, what = key.partition(" ") if isinstance(key, str) else (described(key), "", "")
    if case not in table()["cases"]:
        raise ValueError(f"No case {case!r} in the atlas. `lossbook.atlas.cases()` lists them.")
    found = {
        name: row for names, row in table()["cases"][case].items() for name in names.split(", ")
    }
    if (what or "evaluate") not in found:
        raise ValueError(f"Case {case!r} has no {what!r}. It has: {', '.join(found)}.")
    return found[what or "evaluate"]


def recorded(key: str) -> dict[str, Any]:
    """Return what each release printed for a case.

    Surprise: None is an error, and an error is an answer: that release refuses the case.

    Args:
        key: "CASE" for what `evaluate` returned, "CASE METHOD" for another method (`fit`,
            `test_on_batch`, ...), "CASE METHOD NAME" for another number in its log.

    Returns:
        dict: release to float; to a list, where a release returns an array or is called several
        times; to None, where it refuses (or logs no such number).

    Raises:
        ValueError: for an unknown case or method; the message lists the methods.

    Examples:
        >>> from lossbook import atlas
        >>> numbers = atlas.recorded("sw-mse-r2-zeros")  # two of four weights are 0
        >>> numbers["keras-2.2.4"], numbers["keras-3.8.0"]
        (1.730977, 0.8654887)
    """
    numbers, letters = row(key)
    return {
        release: number_of(numbers, letter)
        for release, letter in zip(releases(), letters, strict=True)
    }


def groups(key: str) -> list[tuple[Any, tuple[str, ...]]]:
    """Return who printed what: (number, releases) for each distinct number, the newest's first.

    Two numbers are one if they agree to float32 rounding. Those that refuse come last, with None.

    Args:
        key: as for `recorded`.

    Returns:
        list of (number, tuple of releases).

    Examples:
        >>> from lossbook import atlas
        >>> for number, names in atlas.groups("sw-mse-r2-zeros"):
        ...     print(number, atlas.spans(names))
        0.8654887 Keras 2.3.1, tf.keras 1, tf.keras 2, tf_keras, Keras 3
        1.730977 Keras 2.2.4 and 2.2.5
    """
    numbers, letters = row(key)
    found = []
    for letter in [*(chr(ord("a") + i) for i in range(len(numbers))), _REFUSED]:
        names = [name for name, one in zip(releases(), letters, strict=True) if one == letter]
        if names:
            found.append((number_of(numbers, letter), tuple(names)))
    return found


def text(key: str) -> str:
    """Say who printed what, the newest number first, in lines that a phone can show.

    Args:
        key: as for `recorded`.

    Examples:
        >>> from lossbook import atlas
        >>> print(atlas.text("sw-mse-r2-zeros"))
        sw-mse-r2-zeros
          0.8655
              Keras 2.3.1, tf.keras 1,
              tf.keras 2, tf_keras, Keras 3
          1.731
              Keras 2.2.4 and 2.2.5
    """
    numbers = groups(key)
    nothing = "not logged" if key.endswith("_loss") else "refused"
    found = [key]
    for number, names in numbers:
        several = number if isinstance(number, list) else [number]
        words = (nothing if one is None else f"{one:#.4g}" for one in several)
        # A space within "Keras 3" or "2.0 to 2.3" is no place for a new line.
        joined = spans(names).replace(" ", "~").replace(",~", ", ")
        lines = fill(joined, 40, initial_indent=" " * 6, subsequent_indent=" " * 6)
        found += [f"  {' '.join(words)}", lines.replace("~", " ")]
    return "\n".join(found)


def number_of(numbers: list, letter: str) -> Any:
    """Return the number that a letter of a row stands for, None for a refusal."""
    return None if letter == _REFUSED else _number(numbers[ord(letter) - ord("a")])


def _number(number):
    """Return a number of the file as float, or as list of them: it writes NaN as "nan"."""
    return [_number(one) for one in number] if isinstance(number, list) else float(number)


def lines() -> dict[str, tuple[str, ...]]:
    """Return {line: its releases}: Keras 2, tf.keras 1, tf.keras 2, tf_keras, Keras 3."""
    found: dict[str, list[str]] = {}
    for release in releases():
        framework, _, version = release.partition("-")
        name = {"keras": "Keras", "tf_keras": "tf_keras"}.get(framework, framework)
        line = name if name == "tf_keras" else f"{name} {version[0]}"
        found.setdefault(line, []).append(release)
    return {line: tuple(names) for line, names in found.items()}


def spans(names: Iterable[str]) -> str:
    """Say some releases in words: whole lines by name, neighbours as "from to".

    Examples:
        >>> from lossbook import atlas
        >>> print(atlas.spans(["keras-2.2.4", "keras-3.0.5", "keras-3.1.1", "keras-3.2.1"]))
        Keras 2.2.4, Keras 3.0.5 to 3.2.1
    """
    chosen = names if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    names = list(chosen)
    unknown = [name for name in names if not isinstance(name, str) or name not in releases()]
    if unknown:
        raise ValueError(
            "spans() takes a list of the names that `lossbook.atlas.releases()` lists. Received: "
            f"{described(unknown[0])}."
        )
    parts = []
    for line, members in lines().items():
        if set(members) <= set(names):
            parts.append(line)
            continue
        runs: list[list[str]] = []
        before = False
        for release in members:
            if release in names:
                version = release.partition("-")[2]
                runs = [*runs[:-1], [*runs[-1], version]] if before else [*runs, [version]]
            before = release in names
        words = [run[0] if len(run) == 1 else f"{run[0]} {_to(run)} {run[-1]}" for run in runs]
        if words:
            parts.append(f"{line.split()[0]} {', '.join(words)}")
    return ", ".join(parts)


def _to(run):
    return "and" if len(run) == 2 else "to"
