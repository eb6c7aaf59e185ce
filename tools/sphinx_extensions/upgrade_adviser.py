"""A Sphinx extension: what `lossbook.atlas.moved` prints becomes an adviser that a reader can ask.

The output of a notebook is a table in an element <lossbook-moved>. A page that has one loads
`moved.js` (book/_static), which is given here what it needs of the atlas: about 40 KiB.
"""

import hashlib
import json
from itertools import groupby
from pathlib import Path

from lossbook import atlas
from lossbook.atlas import _moved as moved
from lossbook.atlas._records import number_of, row, table

ELEMENT = "<lossbook-moved "
SCRIPT = Path(__file__).parents[2] / "book" / "_static" / "moved.js"


def data():
    """Return what the script computes with; places in lists stand for names.

    A case is [name, title, uses, kinds, rows]; a row [method, numbers as they are shown, letters,
    ways back]. Rows in which no release differs are counted alone: `still` is {uses: how many}.
    """
    places = {name: place for place, name in enumerate(atlas.releases())}
    kinds, methods, letters, still, cases = list(table()["kinds"]), {}, {}, {}, []
    for case, about in table()["about"].items():
        used = sum(1 << list(atlas.USES).index(name) for name in about["uses"])
        rows = []
        for names, (numbers, printed) in table()["cases"][case].items():
            if len(set(printed)) == 1:
                still[used] = still.get(used, 0) + 1
                continue
            found = [
                methods.setdefault(names.split(", ")[0], len(methods)),
                "|".join(moved.shown(number_of(numbers, chr(97 + i))) for i in range(len(numbers))),
                letters.setdefault(printed, len(letters)),
            ]
            rows.append([*found, *back(about["back"].get(names))])
        if rows:
            shown = [kinds.index(kind) for kind in about["kinds"]]
            cases.append([case, about["title"], used, shown, rows])
    witnesses = [
        sorted({letters.setdefault(row(key)[1], len(letters)) for key in kind["witnesses"]})
        for kind in table()["kinds"].values()
    ]
    return {
        "releases": list(places),
        "lines": [[places[name] for name in line] for line in atlas.lines().values()],
        "uses": atlas.USES,
        "says": [kind["says"] for kind in table()["kinds"].values()],
        "witnesses": witnesses,
        "logged": kinds.index("OUTLOG"),
        "ways": list(table()["ways"].values()),
        "methods": list(methods),
        "letters": [runs(printed) for printed in letters],
        "still": still,
        "cases": cases,
        "noReason": moved.NO_REASON,
        "noBack": moved.NO_WAY_BACK,
        "noOld": moved.NO_OLD_NUMBER,
        "backWith": moved.way_back_with(),
    }


def back(found):
    """Return [text], or nothing: "b4 c5.7" for the steps 4, or 5 and 7, back to b or c."""
    places = {way: str(place) for place, way in enumerate(table()["ways"])}
    ways = [old + ".".join(places[step] for step in way) for old, way in (found or {}).items()]
    return [" ".join(ways)] if ways else []


def runs(letters):
    """Write letters with how often they follow one another: aab as a2b1."""
    return "".join(f"{letter}{len(list(same))}" for letter, same in groupby(letters))


def script():
    """Return the script with the data in it."""
    text = SCRIPT.read_text(encoding="utf-8")
    given = json.dumps(data(), ensure_ascii=False, separators=(",", ":"))
    return text.replace("const DATA = null;", f"const DATA = {given};")


def load(app, pagename, templatename, context, doctree):
    """Name the script at the end of a page that has an adviser; the first one is `#moved`."""
    body = context.get("body", "")
    if ELEMENT not in body:
        return
    version = hashlib.sha256(script().encode()).hexdigest()[:8]  # a browser may keep an old one
    path = f"{context['pathto']('_static/moved.js', 1)}?v={version}"
    body = body.replace(ELEMENT, f'{ELEMENT}id="moved" ', 1)
    context["body"] = f'{body}<script src="{path}" defer></script>'


def write(app, error):
    """Put the data into the site's copy of the script."""
    if not error and app.builder.name == "html":
        Path(app.outdir, "_static", "moved.js").write_text(script(), encoding="utf-8")


def setup(app):
    app.connect("html-page-context", load, priority=400)
    app.connect("build-finished", write)
