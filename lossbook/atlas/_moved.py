"""Which recorded numbers moved between two releases, since when, why, and the way back."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from html import escape
from itertools import pairwise
from textwrap import fill, indent
from typing import Any, NamedTuple

from lossbook._core import described, html_table, text_table
from lossbook.atlas._records import lines, number_of, releases, row, table

# What a model can use, and how it is said. A case speaks for those who use all that it uses.
USES = {
    "mask": "a mask",
    "sample_weight": "sample weights",
    "class_weight": "class_weight",
    "several_outputs": "several outputs",
    "penalties": "penalties or add_loss",
    "custom_loss": "a loss function of your own",
    "saturated_outputs": "saturated outputs",
    "short_last_batch": "a short last batch",
    "reduction": "another reduction",
    "from_logits": "from_logits",
    "label_smoothing": "label smoothing",
    "ignore_class": "ignore_class",
    "loss_weights": "loss_weights",
    "float16": "float16",
    "other_shapes": "targets of another shape",
}


NO_REASON = "The record names no reason."
NO_WAY_BACK = "No way back to the old number is known."
NO_OLD_NUMBER = "There is no old number to get back."


class Move(NamedTuple):
    """A recorded number that moved.

    Attributes:
        key: the case, and the method where it isn't `evaluate`, as `recorded` takes it.
        methods: all methods (and names in their logs) with these numbers.
        title: what the case is about.
        uses: what its model uses, names of `USES`.
        old: float; a list, where the release returns an array or is called several times; None,
            where it refuses (or logs no such number).
        new: the same of the release you have.
        since: the releases, on the way from one to the other, in which the number changed.
        why: what releases do here, in a sentence; "" where the record knows no reason.
        way_back: code that makes the newest Keras print the old number; "" where none is known. Its
            names are those of one output: `outputs` of the model before it is made, `y_true`,
            `mask`, and what goes to `compile`, `fit` and `evaluate`.
    """

    key: str
    methods: tuple[str, ...]
    title: str
    uses: tuple[str, ...]
    old: Any
    new: Any
    since: tuple[str, ...]
    why: str
    way_back: str


@dataclass(frozen=True, repr=False)
class Moved:
    """What moved between two releases: `moves`, out of `compared` recorded numbers."""

    from_: str
    to: str
    uses: tuple[str, ...]
    moves: tuple[Move, ...]
    compared: int

    def by_use(self) -> dict[tuple[str, ...], tuple[Move, ...]]:
        """Return the moves by what a model uses, in the order of the cases."""
        found: dict[tuple[str, ...], list[Move]] = {}
        for move in self.moves:
            found.setdefault(move.uses, []).append(move)
        return {uses: tuple(moves) for uses, moves in found.items()}

    def __repr__(self) -> str:
        parts = [fill(self._head(), 78)]
        for uses, moves in self.by_use().items():
            parts += ["", _with(uses).upper()]
            for same in _blocks(moves):
                rows = [_HEADS, *map(_cells, same)]
                why = fill(same[0].why or NO_REASON, 78)
                parts += ["", _changed(same[0]), why, *text_table(rows, right=(1, 2))]
                said, code = _way_back(same)
                parts += [said, indent(code, "    ")] if code else [said]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(self._head())}</p>"]
        for uses, moves in self.by_use().items():
            parts.append(f"<p><strong>{escape(_with(uses))}</strong></p>")
            for same in _blocks(moves):
                why = escape(same[0].why or NO_REASON)
                parts.append(f"<p>{escape(_changed(same[0]))}<br>{why}</p>")
                rows = [[escape(cell) for cell in _cells(move)] for move in same]
                parts.append(html_table(_HEADS, rows, right=(1, 2)))
                said, code = _way_back(same)
                parts.append(f"<p>{escape(said)}</p>")
                parts += [f"<pre>{escape(code)}</pre>"] if code else []
        state = f'data-from="{self.from_}" data-to="{self.to}" data-uses="{" ".join(self.uses)}"'
        return (
            f'<lossbook-moved {state}><div class="lossbook" style="overflow-x:auto">'
            f"{''.join(parts)}</div></lossbook-moved>"
        )

    def _head(self):
        words = ", ".join(USES[name] for name in self.uses) or "nothing of all this"
        chosen = "" if self.uses == tuple(USES) else f" Models that use {words}, or less."
        moved = f"{len(self.moves)} of {self.compared} recorded numbers moved."
        return f"From {self.from_} to {self.to}: {moved}{chosen}"


def moved(from_: str, to: str, uses: Iterable[str] | None = None) -> Moved:
    """Say which recorded numbers moved between two releases, why, and how to get the old ones.

    Surprise: a number can move and come back. Only the two releases are compared; `since` names
    every release on the way in which the number changed.

    Args:
        from_: the release that you left, as `releases` names it.
        to: the release that you have; an older one works, too.
        uses: what your model uses, names of `USES` such as `("mask", "sample_weight")`; then
            models that use anything else are left out. None: all.

    Returns:
        Moved: `moves` by the cases' order, each with old and new number (None: refused), `since`,
            `why` and `way_back`; it prints itself by what a model uses.

    Raises:
        ValueError: for an unknown release, naming near ones, and for unknown names in `uses`.

    Examples:
        >>> from lossbook import atlas
        >>> found = atlas.moved("tf.keras-2.4.4", "keras-3.15.1", uses=["mask"])
        >>> move = found.moves[0]
        >>> move.key, move.old, move.new, move.since
        ('mask-mse-r3', 0.6982869, 1.074288, ('tf.keras-2.11.1',))
        >>> print(move.way_back)
        outputs = outputs * 1  # the mask does not pass
        sample_weight = mask if sample_weight is None else mask * sample_weight
    """
    for release in (from_, to):
        _check_release(release)
    chosen = tuple(USES) if uses is None else _checked_uses(uses)
    way = _way(from_, to)
    found, compared = [], 0
    at = [releases().index(name) for name in (from_, to)]
    tried = at[1] if to in lines()["Keras 3"] else None  # ways back were run with Keras 3
    for case, rows in table()["cases"].items():
        about = table()["about"][case]
        if not set(about["uses"]) <= set(chosen):
            continue
        for methods, (numbers, letters) in rows.items():
            compared += 1
            old, new = (letters[place] for place in at)
            if old == new:
                continue
            method = methods.split(", ")[0]
            kinds = ["OUTLOG", *about["kinds"]] if " " in method else about["kinds"]
            since, why = _changes(kinds, letters, way)
            found.append(
                Move(
                    case if method == "evaluate" else f"{case} {method}",
                    tuple(methods.split(", ")),
                    about["title"],
                    tuple(about["uses"]),
                    number_of(numbers, old),
                    number_of(numbers, new),
                    since,
                    why,
                    _code(about["back"].get(methods, {}).get(old), letters, tried),
                )
            )
    return Moved(from_, to, chosen, tuple(found), compared)


def _check_release(name):
    known = releases()
    if isinstance(name, str) and name in known:
        return
    given = name if isinstance(name, str) else ""
    of_this = [one for one in known if one.startswith(given.partition("-")[0] + "-")]
    near = [one for one in known if given and one.startswith(given + ".")]
    near = near or get_close_matches(given, of_this or known, 3, 0.7) or of_this[-3:]
    hint = f"Near ones: {', '.join(near)}. " if near else ""
    raise ValueError(
        f"No release {described(name)} in the atlas. {hint}`lossbook.atlas.releases()` lists all."
    )


def _checked_uses(uses):
    chosen = [uses] if isinstance(uses, str) else list(uses) if isinstance(uses, Iterable) else uses
    for name in chosen if isinstance(chosen, list) else [chosen]:
        if not isinstance(name, str) or name not in USES:
            raise ValueError(
                f"uses takes names of what a model uses: {', '.join(USES)}. "
                f"Received: {described(name)}."
            )
    return tuple(name for name in USES if name in chosen)


def _way(from_, to):
    """Return the releases from one to the other: the rest of its line, what lies between, ...

    tf.keras 2 came after Keras 2 and tf.keras 1, and before tf_keras and Keras 3.
    """
    known = list(lines().values())
    places = [next(i for i, line in enumerate(known) if name in line) for name in (from_, to)]
    if (places[0], releases().index(from_)) > (places[1], releases().index(to)):
        return _way(to, from_)[::-1]
    first, last = places
    middle = known[2] if first < 2 < last else ()
    if first == last:
        line = known[first]
        return line[line.index(from_) : line.index(to) + 1]
    before, after = known[first], known[last]
    return (*before[before.index(from_) :], *middle, *after[: after.index(to) + 1])


def _changes(kinds, letters, way):
    """Return the releases in which a number changed on this way, and why."""
    at = {name: letters[i] for i, name in enumerate(releases())}
    steps = [(a, b) for a, b in pairwise(way) if at[a] != at[b]]
    reasons = dict.fromkeys(_kind(kinds, a, b) for a, b in steps)
    return tuple(b for _, b in steps), " ".join(
        table()["kinds"][one]["says"] for one in reasons if one
    )


def _kind(kinds, before, after):
    """Return the first of a case's kinds that shows in a witness between these two, or ""."""
    before, after = releases().index(before), releases().index(after)
    for kind in kinds:
        if any(letters[before] != letters[after] for letters in _witnesses(kind)):
            return kind
    return ""


@cache
def _witnesses(kind):
    """Return who printed what for the cases that show a kind."""
    return [row(key)[1] for key in table()["kinds"][kind]["witnesses"]]


def _code(steps, letters, place):
    """Return the code that was run with the newest Keras, if the other place prints the same."""
    same = place is not None and letters[place] == letters[-1]
    return "\n".join(table()["ways"][step] for step in steps or []) if same else ""


# --- how it is shown

_HEADS = ("case", "old", "new")


def _with(uses):
    *first, last = [USES[name] for name in uses] or ["nothing of all this"]
    return f"With {', '.join(first)} and {last}" if first else f"With {last}"


def _blocks(moves):
    """Return the moves with the same change, reason and way back together, first ones first."""
    found = {}
    for move in moves:
        found.setdefault((move.since, move.why, move.way_back), []).append(move)
    return list(found.values())


def _changed(move):
    return f"Changed in {', then in '.join(move.since)}."


def _cells(move):
    return (move.key, shown(move.old), shown(move.new))


def shown(number: Any) -> str:
    """Write a number with four digits, several with spaces between, None as a refusal."""
    if isinstance(number, list):
        return " ".join(map(shown, number))
    return "refused" if number is None else f"{number:#.4g}"


def way_back_with() -> str:
    """Say with which release the ways back were run."""
    return f"The old number, run with {releases()[-1]}:"


def _way_back(moves):
    """Say what makes the newest Keras print the old number, and return the code."""
    if moves[0].way_back:
        return way_back_with(), moves[0].way_back
    return (NO_OLD_NUMBER if all(move.old is None for move in moves) else NO_WAY_BACK), ""
