"""The map of the source: from `model.evaluate` to the loss of an element, as Keras calls it.

As a Sphinx extension it gives book/map.md the directives `{source-map}`, a drawing whose boxes link
to Keras's lines and to the chapters, and `{source-list}`, the same as a list. The lines are those
of the installed Keras (`lossbook.source`), the nesting is that of its calls: tests/test_source_map.
"""

from html import escape
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.parsers.rst import Directive

import lossbook as lb
from tools.notebooks.files import title_of
from tools.sphinx_extensions.markdown_directive import MarkdownDirective

LOSS = "binary_crossentropy"  # the function that stands for all


class Stop(NamedTuple):
    """A function on the way: how deep it is called, what `lb.source` calls it, what it does."""

    depth: int
    name: str
    does: str
    chapter: int
    calls: str  # how the function one level up calls it


STOPS = (
    Stop(0, "Trainer.evaluate", "all batches; returns the reported loss", 9, ""),
    Stop(1, "Trainer.test_step", "one batch, counted with its rows", 9, "test_function"),
    Stop(2, "Trainer.compute_loss", "all outputs, plus what is added", 7, "_compute_loss("),
    Stop(3, "CompileLoss.call", "each output times its loss weight", 7, "_compile_loss("),
    Stop(4, "Loss.__call__", "one output, from tensor to scalar", 1, "loss_fn("),
    Stop(5, "LossFunctionWrapper.call", "a function as a loss object", 11, "self.call("),
    Stop(6, "squeeze_or_expand_to_same_rank", "(N,) meets (N, 1)", 11, "squeeze_or_expand_"),
    Stop(6, LOSS, "the class axis: a mean over the last axis", 3, "self.fn("),
    Stop(7, f"backend.{LOSS}", "one loss per element, clipped", 2, f"ops.{LOSS}("),
    Stop(8, "backend.get_logits", "or from logits, which aren't", 2, "_get_logits("),
    Stop(5, "reduce_weighted_values", "the weights, multiplied in", 5, "reduce_weighted_values("),
    Stop(6, "apply_mask", "the mask, times total / valid", 4, "apply_mask("),
    Stop(6, "reduce_values", "the sum, divided once", 6, "reduce_values("),
    Stop(
        3, "Trainer.additional_loss", "penalties, add_loss: undivided", 8, "_aggregate_additional"
    ),
)

# CSS pixels of a phone; a desktop shows them larger.
WIDTH, ROW, BOX, INDENT, PILL = 372, 58, 50, 11, 46


def parent(index):
    """Return the place of the function that calls a stop, None for the first."""
    depth = STOPS[index].depth
    return next((i for i in range(index - 1, -1, -1) if STOPS[i].depth < depth), None)


def lines(source):
    return f"{Path(source.file).name}, lines {source.first_line} to {source.last_line}"


def link(href, label, *inside):
    """Return a link of a drawing, or what is in it where there is nowhere to go."""
    words = " ".join(inside)  # a space between two texts, for readers who hear them
    if href is None:
        return words
    return f'<a href="{escape(href)}" aria-label="{escape(label)}">{words}</a>'


def box(index, chapters):
    """Return one stop of the drawing: its box, its link into Keras, its chapter."""
    stop = STOPS[index]
    source = lb.source(stop.name)
    x, y = 1 + INDENT * stop.depth, ROW * index + 4
    right = WIDTH - 1
    # The words that can be seen come first: who speaks to the page says them.
    label = f"{source.function} {stop.does}; {lines(source)} of Keras {source.version}"
    number = f"ch. {stop.chapter}, {chapters[stop.chapter][1]}"
    pill, middle = right - PILL - 6, right - PILL / 2 - 6
    return "\n".join(
        [
            f'<rect class="lb-box" x="{x}" y="{y}" width="{right - x}" height="{BOX}" rx="6"/>',
            link(
                source.permalink,
                label,
                f'<rect class="lb-target" x="{x + 1}" y="{y + 1}" width="{pill - x - 4}" '
                f'height="{BOX - 2}" rx="5"/>',
                f'<text class="lb-name" x="{x + 9}" y="{y + 20}">{escape(source.function)}</text>',
                f'<text class="lb-does" x="{x + 9}" y="{y + 38}">{escape(stop.does)}</text>',
            ),
            link(
                f"{chapters[stop.chapter][0]}.html",
                number,
                f'<rect class="lb-pill" x="{pill}" y="{y + 11}" width="{PILL}" height="28" '
                'rx="14"/>',
                f'<text class="lb-chapter" x="{middle}" y="{y + 30}">ch. {stop.chapter}</text>',
            ),
        ]
    )


def call(index):
    """Return the line from the caller's box to a stop."""
    above = parent(index)
    if above is None:
        return ""
    x = 1 + INDENT * STOPS[above].depth + INDENT / 2
    start, end = ROW * above + 4 + BOX, ROW * index + 4 + BOX / 2
    return f'<path class="lb-call" d="M{x} {start}V{end}H{1 + INDENT * STOPS[index].depth}"/>'


def svg(chapters):
    """Return the drawing; chapters has the file and the title of each number."""
    height = ROW * len(STOPS)
    title = "From model.evaluate to the loss of an element: each box is a function of Keras"
    return "\n".join(
        [
            f'<svg class="lb-map" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            'role="group" aria-labelledby="lb-map-title">',
            f'<title id="lb-map-title">{title}</title>',
            *(call(i) for i in range(len(STOPS))),
            *(box(i, chapters) for i in range(len(STOPS))),
            "</svg>",
        ]
    )


def markdown(chapters):
    """Return the same as a list, in the order of the calls."""
    found = []
    for index, stop in enumerate(STOPS):
        source = lb.source(stop.name)
        name = f"`{source.function}`"
        where = f"[{name}]({source.permalink})" if source.permalink else name
        file, title = chapters[stop.chapter]
        above = parent(index)
        caller = "" if above is None else f", called by `{lb.source(STOPS[above].name).function}`"
        found.append(f"1. {where}, {lines(source)}{caller}: {stop.does} ([{title}]({file}.ipynb))")
    return found


def chapters_of(env):
    files = Path(env.srcdir, "book").glob("[0-9][0-9]_*.ipynb")
    return {int(file.name[:2]): (file.stem, title_of(file)) for file in files}


class SourceMap(Directive):
    """`{source-map}`: the drawing."""

    def run(self):
        return [nodes.raw("", svg(chapters_of(self.state.document.settings.env)), format="html")]


class SourceList(MarkdownDirective):
    """`{source-list}`: the same as a list."""

    def text(self, argument):
        return "\n".join(markdown(chapters_of(self.env)))


def setup(app):
    app.add_directive("source-map", SourceMap)
    app.add_directive("source-list", SourceList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
