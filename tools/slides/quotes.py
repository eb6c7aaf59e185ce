"""What the slides show of the chapters: code, outputs, pictures and formulas of executed cells.

Nothing is repeated in the slides, so that a number on a slide is the number of the last run.
"""

import base64
import difflib
import re
from typing import NamedTuple

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools.formulas.mathml import FormulaError, formula
from tools.notebooks.exercises import exercises
from tools.notebooks.files import (
    ANSI,
    IGNORED,
    alt_of,
    code_cells,
    joined,
    notebooks,
    read,
    tags_of,
)
from tools.notebooks.numbers import numbers, numbers_of, shows
from tools.slides.source import Quote, SlidesError, fail

PICTURES = {"image/svg+xml": "svg", "image/png": "png"}
STYLE = HtmlFormatter(style="a11y-high-contrast-light", nowrap=True)
COLUMNS, LINES = 82, 15  # of code or output that a slide can hold, in the smallest letters
GAP = "⋮"  # stands for lines that are left out
SELECT = re.compile(r'(lines|with|from)\s+(.*?)(?:\s+to\s+("[^"]+"))?')


class Picture(NamedTuple):
    """A figure of a chapter: its file's name, what is in it, what it says in words."""

    file: str
    content: bytes
    alt: str


class Chapters:
    """The notebooks. With `kept`, as the site's build ran them: outputs and figures; without, as
    they are saved: the text of outputs alone."""

    def __init__(self, kept=None):
        self.paths = {path.stem: path for path in notebooks()}
        self.notebooks = {}
        self.kept = kept

    def notebook(self, chapter, line):
        """Return a chapter's notebook."""
        if chapter not in self.paths:
            fail(line, f"no chapter {chapter!r}; {_near(chapter, self.paths)}")
        if chapter not in self.notebooks:
            nb = read(self.paths[chapter])
            self.notebooks[chapter] = self._run_of(chapter, nb) if self.kept else nb
        return self.notebooks[chapter]

    def _run_of(self, chapter, nb):
        if not self.kept.current(nb):
            raise SlidesError(f"{chapter} has no run that is up to date; run: make slides")
        return self.kept.cache.merge_match_into_notebook(nb)[1]

    def cell(self, quote):
        """Return the code cell that a quote names."""
        nb = self.notebook(quote.chapter, quote.line)
        cells = {cell.id: cell for cell in code_cells(nb)}
        if quote.cell not in cells:
            near = _near(quote.cell, cells)
            fail(quote.line, f"no code cell {quote.cell!r} in {quote.chapter}; {near}")
        return cells[quote.cell]

    def shown(self, quote):
        """Yield pairs of a kind and what a quote shows: a formula, lines, or a Picture."""
        if quote.kind == "formula":
            yield "formula", self._formula(quote)
            return
        cell, select = self.cell(quote), "" if quote.kind == "cell" else quote.select
        if quote.kind in ("cell", "code"):
            yield "code", _selected(cell.source, select, quote)
        if quote.kind in ("cell", "output"):
            pictures = (self._picture(cell, output, quote) for output in cell.outputs)
            if picture := next(filter(None, pictures), None):
                yield "picture", picture
            elif text := _printed(cell):
                yield "output", _selected(text, select, quote)
            elif self.kept or IGNORED not in tags_of(cell):  # saved notebooks don't hold those
                fail(quote.line, f"the cell {quote.cell!r} of {quote.chapter} prints nothing")

    def _picture(self, cell, output, quote):
        kind = next((k for k in PICTURES if k in output.get("data", {})), None)
        if kind is None:
            return None
        alt = alt_of(cell).strip()
        if not alt:
            fail(quote.line, f"the figure {quote.chapter}#{quote.cell} has no alt text")
        data = output["data"][kind]
        content = base64.b64decode(data) if kind == "image/png" else data.encode()
        return Picture(f"{quote.chapter}-{quote.cell}.{PICTURES[kind]}", content, alt)

    def _formula(self, quote):
        opening = self.notebook(quote.chapter, quote.line).cells[0].source
        found = re.search(r"\$\$(.+?)\$\$", opening, re.DOTALL)
        if found is None:
            fail(quote.line, f"{quote.chapter} has no formula at its head")
        return math(found[1], True, quote.line)

    def solution(self, exercise, chapter):
        """Return the code that solves an exercise of a chapter."""
        solutions = {e.name: e.solution for e in exercises(self.notebook(chapter, exercise.line))}
        if exercise.name not in solutions:
            near = _near(exercise.name, solutions)
            fail(exercise.line, f"no exercise {exercise.name!r} in {chapter}; {near}")
        return solutions[exercise.name].strip()


def unproved(slides, chapters):
    """Yield (line, text) for the numbers in slides that no output of their chapters shows."""
    for slide in slides:
        names = {quote.chapter: quote.line for quote in slide.of(Quote)}
        if slide.step.chapter:
            names[slide.step.chapter] = slide.line
        read = [chapters.notebook(name, line) for name, line in names.items()]
        shown = [number for nb in read for number in numbers_of(nb)]
        for words in slide.words:
            for number in numbers(words.text):
                if number.counts and not shows(shown, number):
                    yield words.line, f"says {number.text}, which no output of {list(names)} shows"


def _printed(cell):
    """Return what a cell printed, without colours."""
    pieces = (
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in joined(cell.outputs)
    )
    return ANSI.sub("", "".join(pieces)).strip("\n")


def math(source, display, line):
    """Return a formula as MathML."""
    try:
        return formula(source, display)
    except FormulaError as error:
        return fail(line, str(error))


def code(lines):
    """Return the HTML of Python code; GAP stays a line of its own."""
    text = "\n".join("" if line == GAP else line for line in lines)
    marked = highlight(text, PythonLexer(stripnl=False, ensurenl=False), STYLE).split("\n")
    gap = f'<span class="gap">{GAP}</span>'
    return "\n".join(
        gap if line == GAP else html for line, html in zip(lines, marked, strict=False)
    )


def _selected(text, select, quote):
    """Return the lines that a quote asks for; in code, GAP where some are left out in between."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    if not select:
        return _measured(lines, quote)
    match = SELECT.fullmatch(select)
    if match is None:
        form = '`lines 1-3, 8`, `with "a", "b"` or `from "a" to "b"`'
        fail(quote.line, f"cannot select {select!r}; write {form}")
    kept = {"lines": _by_number, "with": _by_word, "from": _by_ends}[match[1]](lines, match, quote)
    found = []
    for at in kept:
        if quote.kind == "code" and found and at - 1 not in kept:
            found.append(GAP)
        found.append(lines[at])
    while found and not found[-1]:
        found.pop()
    body = [line for line in found if line != GAP]
    indent = min((len(line) - len(line.lstrip()) for line in body if line), default=0)
    return _measured([line if line == GAP else line[indent:] for line in found], quote)


def _by_number(lines, match, quote):
    kept = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", match[2]):
        kept.update(range(int(first) - 1, int(last or first)))
    if not kept or min(kept) < 0 or max(kept) >= len(lines):
        fail(quote.line, f"{match[0]!r} of {quote.cell!r}, which has {len(lines)} lines")
    return sorted(kept)


def _by_word(lines, match, quote):
    words = re.findall(r'"([^"]+)"', match[2])
    return sorted({at for word in words for at in _all(lines, word, quote)})


def _by_ends(lines, match, quote):
    start = _all(lines, match[2].strip('"'), quote)[0]
    if match[3] is None:
        return range(start, len(lines))
    end = start + _all(lines[start:], match[3].strip('"'), quote)[0]
    return range(start, end + 1)


def _all(lines, word, quote):
    found = [at for at, line in enumerate(lines) if word in line]
    if not found:
        fail(quote.line, f"no line with {word!r} in {quote.cell!r} of {quote.chapter}")
    return found


def _measured(lines, quote):
    """Return the lines, if a slide has room for them."""
    widest = max(map(len, lines), default=0)
    if widest > COLUMNS or len(lines) > LINES:
        size = f"{len(lines)} lines of up to {widest} characters"
        room = f"a slide has room for {LINES} of {COLUMNS}; select some: | lines 1-5"
        fail(quote.line, f"the {quote.kind} of {quote.cell!r} has {size}; {room}")
    return lines


def _near(name, names):
    near = difflib.get_close_matches(name, names, n=4, cutoff=0.4)
    return f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names)}"
