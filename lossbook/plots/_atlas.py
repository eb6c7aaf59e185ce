"""The atlas as a picture: cases × releases, coloured by the newest release with that number."""

import re
from collections.abc import Mapping

import matplotlib
from matplotlib.patches import Rectangle

from lossbook import atlas as runs
from lossbook._core import described
from lossbook.plots._canvas import INK, LINE, MUTED, PAD, STYLE, WIDTH, Picture, canvas, write

# The lines of releases, oldest first: first and last release, name, colour.
_ERAS = (
    ("keras-2.2", "Keras 2.2", "#1f2630"),
    ("keras-2.3", "Keras 2.3", "#c2306a"),
    (r"tf\.keras-(1|2\.[01]\.)", "tf.keras 1.13 to 2.1", "#f0bd3c"),
    (r"tf\.keras-2\.([2-9]|10)\.", "tf.keras 2.2 to 2.10", "#e07a1f"),
    (r"tf[._]keras-2\.(1[1-9]|2\d)", "tf.keras 2.11 to tf_keras", "#8e4db8"),
    (r"keras-3\.(\d|1[0-4])\.", "Keras 3.0 to 3.14", "#1f8a70"),
    (r"keras-3\.15", "Keras 3.15", "#b7cbf5"),
)
_NONE = "#ffffff"  # no number
_WORDS = "the newest release that prints this number is of"


def atlas(rows: Mapping[str, str | list[str]]) -> Picture:
    """Draw which releases print the same number: a row for each case, a column for each release.

    Surprise: a row doesn't get younger from left to right only. Keras 3 came back to some numbers
    of Keras 2.2 that tf.keras had left.

    The colour of a cell is that of the newest line of releases that prints this number; pale blue
    is today's. A dark line stands where neighbours differ, × where the release refuses.

    Args:
        rows: {label: key} with keys as `lossbook.atlas.recorded` takes them; or {label: list of
            keys}, then a label has many thin rows.

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Examples:
        >>> import lossbook as lb
        >>> print(lb.plots.atlas({"zero weights": "sw-mse-r2-zeros"}).alt[-62:])
        zero weights: 2 numbers, another than the newest in Keras 2.2.

    References:
        The folder `atlas` of the repository: the cases, and what each release reported.
    """
    known = (str, list, tuple)
    if not isinstance(rows, Mapping) or not all(isinstance(keys, known) for keys in rows.values()):
        raise ValueError(
            "rows must be a dict, label -> key or list of keys, as lossbook.atlas.cases() lists "
            f"them. Received: {described(rows)}."
        )
    many = any(not isinstance(keys, str) for keys in rows.values())
    blocks = {label: [keys] if isinstance(keys, str) else keys for label, keys in rows.items()}
    height, gap = (4, 8) if many else (22, 0)
    left, top = PAD + (104 if many else 168), PAD + 96
    names = runs.releases()
    gaps = _gaps(names)
    cell = (WIDTH - PAD - left - max(gaps.values())) / len(names)
    at = {name: left + i * cell + gaps[name] for i, name in enumerate(names)}
    tall = sum(max(height * len(keys), 16 * many) + gap for keys in blocks.values())
    legend = top + tall + 16
    with matplotlib.rc_context(STYLE):
        entries = _entries(blocks)
        picture, ax = canvas(legend + 24 * (-(-len(entries) // 2) + 1) + PAD)
        _heads(ax, at, cell, top)
        y = top
        for label, keys in blocks.items():
            deep = max(height * len(keys), 16 * many)
            write(ax, left - 8, y + deep / 2, label, 14, ha="right")
            for i, key in enumerate(keys):
                _row(ax, runs.recorded(key), at, (y + i * height, cell, height), gid=key)
            y += deep + gap
        _legend(ax, legend, entries)
    picture.alt = _alt(blocks)
    return picture


def _gaps(names):
    """Return how far each release is shifted: a gap before each line of releases."""
    shift, found = -6, {}
    for line in runs.lines().values():
        shift += 6
        found.update(dict.fromkeys(line, shift))
    return {name: found[name] for name in names}


def _heads(ax, at, cell, top):
    """Write the lines of releases above the columns, in two rows, and some of their versions."""
    for i, (line, names) in enumerate(runs.lines().items()):
        start, end, y = at[names[0]], at[names[-1]] + cell, top - 54 - 20 * (i % 2 == 0)
        ax.plot([start, end], [y + 12] * 2, color=MUTED, linewidth=1.5)
        write(ax, (start + end) / 2, y, line, 14, ha="center")
        room = -99.0
        for name in names:
            if at[name] - room >= 14:
                room = at[name]
                version = re.match(r"\d+\.\d+", name.partition("-")[2])[0]
                how = {"rotation": 90, "ha": "center", "va": "bottom", "color": MUTED}
                write(ax, at[name] + cell / 2, top - 5, version, 12, **how)


def _row(ax, numbers, at, place, gid):
    """Draw one row: equal neighbours in one piece, a dark line where they part."""
    y, cell, height = place
    colours = dict(zip(numbers, _colours(numbers), strict=True))
    for line in runs.lines().values():
        pieces = []
        for name in line:
            number = repr(numbers[name])
            if pieces and pieces[-1][0] == number:
                pieces[-1][1].append(name)
            else:
                pieces.append((number, [name]))
        for i, (_, names) in enumerate(pieces):
            x, width = at[names[0]], cell * len(names)
            colour = colours[names[0]]
            box = (x, y), width, height - (1 if height > 8 else 0)
            if colour != _NONE:
                ax.add_patch(Rectangle(*box, facecolor=colour, edgecolor="none", gid=gid))
            if numbers[names[0]] is None and height > 8:
                for name in names:
                    how = {"ha": "center", "color": INK}
                    write(ax, at[name] + cell / 2, y + height / 2, "×", 11, **how)
            if i:
                ax.plot([x, x], [y, y + box[2]], color=INK, linewidth=1.2 if height > 8 else 0.6)


def _era(release):
    """Return the place of a release in the list of lines."""
    return next(i for i, (pattern, *_) in enumerate(_ERAS) if re.match(pattern, release))


def _newest(numbers):
    """Return {number: place of the newest line that prints it}, for a row."""
    return {repr(number): _era(name) for name, number in numbers.items() if number is not None}


def _colours(numbers):
    """Return the colour of each cell of a row."""
    newest = _newest(numbers)
    return [
        _NONE if number is None else _ERAS[newest[repr(number)]][2] for number in numbers.values()
    ]


def _entries(blocks):
    """Return (name, colour) of what some row shows, the newest line first."""
    rows = [runs.recorded(key) for keys in blocks.values() for key in keys]
    shown = {colour for numbers in rows for colour in _colours(numbers)}
    entries = [(name, colour) for _, name, colour in reversed(_ERAS)]
    entries[0] = ("Keras 3.15: today's number", entries[0][1])
    entries.append(("× none: it is refused", _NONE))
    return [entry for entry in entries if entry[1] in shown]


def _legend(ax, y, entries):
    write(ax, PAD, y, f"{_WORDS[0].upper()}{_WORDS[1:]}", 14, weight="bold")
    for i, (name, colour) in enumerate(entries):
        left, top = PAD + 250 * (i % 2), y + 16 + 24 * (i // 2)
        box = (left, top), 26, 16
        face = "none" if colour == _NONE else colour
        ax.add_patch(Rectangle(*box, facecolor=face, edgecolor=LINE, linewidth=0.8))
        write(ax, left + 36, top + 8, name, 14)


def _alt(blocks):
    """Say in words what the picture shows: for each row, or for all together if there are many."""
    shape = f"{sum(map(len, blocks.values()))} rows of cases, {len(runs.releases())} releases"
    says = "; ".join(_says(label, keys) for label, keys in blocks.items())
    return (
        f"Atlas: {shape}, from Keras 2.2.4 to Keras 3.15, coloured by the newest release with the "
        f"same number. {says if len(blocks) <= 16 else _counts(blocks)}."
    )


def _counts(blocks):
    """Say how many rows each line of releases prints otherwise than the newest one."""
    rows = [runs.groups(key) for keys in blocks.values() for key in keys]
    others = [
        {_era(name) for number, names in groups[1:] if number is not None for name in names}
        for groups in rows
    ]
    counts = [
        f"{name} {sum(i in eras for eras in others)}" for i, (_, name, _) in enumerate(_ERAS[:-1])
    ]
    refused = sum(groups[-1][0] is None for groups in rows)
    return f"Rows with another number: {', '.join(counts)}. Rows that some refuse: {refused}"


def _says(label, keys):
    if len(keys) > 1:
        moved = sum(len(runs.groups(key)) > 1 for key in keys)
        return f"{label}: {moved} of {len(keys)} cases differ"
    groups = runs.groups(keys[0])
    numbers = sum(number is not None for number, _ in groups)
    others = dict.fromkeys(
        _ERAS[_era(name)][1] for number, names in groups[1:] if number is not None for name in names
    )
    part = f", another than the newest in {', '.join(others)}" if others else ""
    refusing = f", {len(groups[-1][1])} releases refuse" if groups[-1][0] is None else ""
    return f"{label}: {numbers} number{'s'[: numbers != 1]}{part}{refusing}"
