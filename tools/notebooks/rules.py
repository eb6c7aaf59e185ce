"""The rules of a chapter's cells: what strict comparison, Colab and a screen reader need.

A rule is a function of a notebook and an `About`; it yields `Problem`s. The rules of its Markdown
are in prose.py, those of its exercises in exercises.py.
"""

import ast
import copy
import re
from typing import NamedTuple

import nbformat

from tools.notebooks.files import (
    BACKENDS,
    BY_RULE,
    IGNORED,
    alt_of,
    badge_url,
    finish,
    numbered,
    parse,
    prepare,
    tags_of,
    visible_text,
)
from tools.website.access import alt_fault

REASONS = ("device", "figure", "source", "backend-output", "trained")
DISPLAY = ("hide-input", "hide-output", "hide-cell", "remove-input", "remove-output", "remove-cell")
TAGS = (IGNORED, *REASONS, "exercise", *BY_RULE, *DISPLAY)

# What the code of a cell must contain before its output may be ignored for that reason.
EVIDENCE = {
    "device": (r"\bdevice\(|\bprepare\(", "it calls neither prepare() nor device()"),
    "figure": (r"\bplots?\.|\bplt\.|\.plot\(", "it draws nothing (no plots. and no plt.)"),
    "source": (r"source\(", "it calls no source()"),
    "backend-output": (r"\bexcept\b", "it catches no error (no except)"),
    "trained": (r"\btrain\(|\bplain\b|\bp_both\b", "it uses no trained network"),
}
BADGE = "Open in Colab"
# What differs from run to run or from machine to machine.
UNSTABLE = r"0x[0-9a-f]{8,}|/(?:tmp|home|root|content)/\S+|\d+m?s/step"


class About(NamedTuple):
    """What a rule knows besides the notebook."""

    name: str  # path inside the repository
    repo: dict  # url and branch, from _config.yml


class Problem(NamedTuple):
    """What is wrong and how to mend it; `cell` counts all cells from 1, 0 is the whole notebook."""

    cell: int
    text: str


def valid_format(nb, about):
    """The file is valid notebook format 4.5, with code and Markdown cells only."""
    for i, cell in enumerate(nb.cells, start=1):
        if cell.cell_type not in ("code", "markdown"):
            yield Problem(i, f"a {cell.cell_type} cell; use Markdown or code")
            return
    for error in nbformat.validator.iter_validate(nb, version=4, version_minor=5):
        yield Problem(0, f"not valid nbformat 4.5: {error.message[:200]}")
        return


def normal_form(nb, about):
    """It is what `make refresh` writes: counts 1..n (nbval passes anything in a cell whose count is
    null), no stderr, no ignored output, our setup cell, our badge, a runtime with a GPU."""
    normal = finish(prepare(copy.deepcopy(nb), about.name, about.repo))
    for i, (cell, expected) in enumerate(zip(nb.cells, normal.cells, strict=True), start=1):
        if differ := [key for key in expected if cell.get(key) != expected[key]]:
            yield Problem(i, f"{' and '.join(differ)}: not in normal form; run make refresh")
    if nb.metadata != normal.metadata:
        yield Problem(0, "metadata: not in normal form; run make refresh")


def clean_outputs(nb, about):
    """No error among the outputs, and nothing that the next run prints otherwise."""
    for i, output in _outputs(nb):
        if output.output_type == "error":
            yield Problem(i, f"ends in {output.ename}; catch the error and print its text")
        if found := re.search(UNSTABLE, visible_text(output)):
            text = f"prints {found[0]!r}, which changes from run to run; print something else"
            yield Problem(i, text)


def known_tags(nb, about):
    """Every tag is known, and every cell that nbval does not compare says why, once."""
    for i, cell in numbered(nb, "code"):
        tags = tags_of(cell)
        for tag in sorted(set(tags) - set(TAGS)):
            yield Problem(i, f"unknown tag {tag!r}; known are {', '.join(TAGS)}")
        for marker in re.findall(r"#\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)", cell.source):
            yield Problem(i, f"comment {marker} steers nbval; use tags")
        reasons = [tag for tag in tags if tag in REASONS]
        if IGNORED in tags and len(reasons) != 1:
            text = f"output ignored with {len(reasons)} reasons; give one of {', '.join(REASONS)}"
            yield Problem(i, text)
        if reasons and IGNORED not in tags:
            yield Problem(i, f"tag {reasons[0]!r} without {IGNORED!r}; add it")
        for reason in reasons:
            pattern, otherwise = EVIDENCE[reason]
            if not re.search(pattern, cell.source):
                yield Problem(i, f"tagged {reason!r}, but {otherwise}; compare it")


def by_rule_said(nb, about):
    """What a cell measures on some backends only, its tags say, and the text above it."""
    above = ""
    for i, cell in enumerate(nb.cells, start=1):
        if cell.cell_type == "markdown":
            above = cell.source
            continue
        out, tagged = _left_out(cell), {BY_RULE[tag] for tag in tags_of(cell) if tag in BY_RULE}
        if out != tagged:
            wanted = ", ".join(tag for tag, name in BY_RULE.items() if name in out) or "none"
            names = ", ".join(BACKENDS[name] for name in BACKENDS if name in out) or "no backend"
            yield Problem(i, f"its `if` leaves out {names}; the tags for that are: {wanted}")
        if out and not re.search(r"\*\*(Measured|Not measured) on ", above):
            text = "is not measured everywhere; say above it **Measured on TensorFlow alone:** ..."
            yield Problem(i, text)


def _left_out(cell):
    """Return the backends for which an `if` without `else` leaves something out."""
    out = set()
    for node in ast.walk(parse(cell.source)):
        match node:
            case ast.If(test=ast.Compare(left, [op], [ast.Constant(name)]), orelse=[]):
                if ast.unparse(left).endswith("backend.backend()"):
                    out |= {b for b in BACKENDS if (b == name) == isinstance(op, ast.NotEq)}
    return out


def no_semicolon(nb, about):
    """A compared cell does not end in `;`: nbval runs cells without history, where `;` is mute."""
    for i, cell in numbered(nb, "code"):
        if IGNORED not in tags_of(cell) and cell.source.rstrip().endswith(";"):
            yield Problem(i, "ends in `;`, which nbval does not honour; write `_ = ...` instead")


def no_images(nb, about):
    """No image is committed; the site draws them when it is built."""
    for i, output in _outputs(nb):
        if any(kind.startswith("image/") for kind in output.get("data", {})):
            text = f"an image is committed; tag the cell 'figure' and {IGNORED!r}, give it alt text"
            yield Problem(i, text)
    for i, cell in enumerate(nb.cells, start=1):
        if cell.get("attachments"):
            yield Problem(i, "an image is attached; draw it in a code cell")


def no_source_listings(nb, about):
    """Keras's own lines are shown, never committed."""
    for i, cell in numbered(nb, "code"):
        if re.search(r"\bsource\(|\bgetsource", cell.source) and "source" not in tags_of(cell):
            yield Problem(i, f"shows source text; tag it 'source' and {IGNORED!r}")


def alt_texts(nb, about):
    """A figure has alt text in its metadata that says what it shows."""
    for i, cell in numbered(nb, "code"):
        if "figure" in tags_of(cell) and (fault := alt_fault("", alt_of(cell), "")):
            where = '{"mystnb": {"image": {"alt": "..."}}}'
            yield Problem(i, f"{fault}; set {where} in its metadata")


def setup_cell(nb, about):
    """The first code cell is the setup cell; `make refresh` writes what is in it."""
    i, cell = next(numbered(nb, "code"), (0, None))
    if cell is None or "device" not in tags_of(cell):
        yield Problem(i, "the first code cell must be the setup cell; tag it 'device'")


def colab_badge(nb, about):
    """The first cell links to Colab; `make refresh` writes where to."""
    first = nb.cells[0].source if nb.cells else ""
    if not re.search(rf"\[!\[{BADGE}\]\([^)]*\)\]\(https://colab\.[^)]*\)", first):
        image = "https://colab.research.google.com/assets/colab-badge.svg"
        url = badge_url(about.name, about.repo)
        yield Problem(1, f"no Colab badge; add [![{BADGE}]({image})]({url})")


def device_compared(nb, about):
    """From chapter 2 on, a compared cell shows that a result is on the device of its input."""
    number = re.match(r"(\d+)_", about.name.rpartition("/")[2])
    compared = (cell for _, cell in numbered(nb, "code") if IGNORED not in tags_of(cell))
    if not (number and int(number[1]) < 2) and not any(map(_compares_devices, compared)):
        yield Problem(0, "no compared cell says `assert device(result) == device(input)`")


def _compares_devices(cell):
    def is_call(node):
        return isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "device"

    for node in ast.walk(parse(cell.source)):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                if is_call(left) and is_call(right):
                    return True
    return False


def _outputs(nb):
    return [(i, output) for i, cell in numbered(nb, "code") for output in cell.outputs]


RULES = (
    valid_format,
    normal_form,
    clean_outputs,
    known_tags,
    by_rule_said,
    no_semicolon,
    no_images,
    no_source_listings,
    alt_texts,
    setup_cell,
    colab_badge,
    device_compared,
)
