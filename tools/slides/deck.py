"""The workshop's deck: slides, their marks, quotes, exercises, the speaker's notes.

The HTML is in page.html and slide.html, which ask a `Deck` for what there is to show.
"""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.slides import font_sizes
from tools.slides.quotes import code, math, unproved
from tools.slides.source import Exercise, Quote, Text, cuts_of, exercise_minutes, fail, read_slides
from tools.workshop.plan import DOES, questions, survey


class Deck:
    """The slides as HTML, and the pictures that they show."""

    def __init__(self, text, plan, chapters):
        self.plan, self.chapters, self.pictures = plan, chapters, {}
        self.slides = read_slides(text, plan)
        for line, problem in unproved(self.slides, chapters):
            fail(line, problem)
        self.line = 0
        options = {"html": False, "linkify": False}
        self.markdown = MarkdownIt("commonmark", options).enable("table")
        self.markdown.use(dollarmath_plugin, allow_labels=False, renderer=self._math)
        self.templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {"markdown": self.render, "inline": self.inline, "code": code}
        self.templates.globals |= {"deck": self, "DOES": DOES, "minutes_of": exercise_minutes}

    def _math(self, source, how):
        return math(source, how["display_mode"], self.line)

    def render(self, text, line):
        """Return Markdown as HTML."""
        self.line = line
        return Markup(self.markdown.render(together(text)).strip())

    def inline(self, text, line):
        """Return the Markdown of one line as HTML, without a paragraph around it."""
        self.line = line
        return Markup(self.markdown.renderInline(together(text)))

    def page(self):
        """Return the page."""
        return self.templates.get_template("page.html").render()

    def sheet(self):
        """Return the page to print for each participant: questions, predictions, a loss, survey."""
        first = self.plan.cuts[0].name
        steps = [step.title for step in self.plan.steps_in(first) if step.chapter]
        template = self.templates.get_template("sheet.html")
        return template.render(questions=questions(), survey=survey(), steps=steps)

    def place(self, step, exercise):
        """Return where an exercise stands: "Chapter 5, exercise 1"."""
        number = exercise.name.rpartition("-")[2]
        return f"Chapter {int(step.chapter[:2])}, exercise {number}"

    def section(self, slide, number):
        """Return a slide; number counts those of its step."""
        return str(self.templates.get_template("slide.html").module.section(slide, number))

    def numbered(self):
        """Yield the slides, each with its number in its step."""
        count = {}
        for slide in self.slides:
            count[slide.step.id] = count.get(slide.step.id, 0) + 1
            yield slide, count[slide.step.id]

    def cuts_of(self, slide):
        """Return the names of the cuts that show a slide."""
        return cuts_of(slide, self.plan)

    def counts(self):
        """Return how many slides there are, and in each cut."""
        shown = [self.cuts_of(slide) for slide in self.slides]
        cuts = {cut.name: sum(cut.name in names for names in shown) for cut in self.plan.cuts}
        return {"all": len(shown)} | cuts

    def parts(self, slide):
        """Yield (kind, what is shown, size of its letters) for all below a slide's heading."""
        quotes = {id(quote): list(self.chapters.shown(quote)) for quote in slide.of(Quote)}
        found = [quoted for several in quotes.values() for quoted in several]
        kinds = [kind for kind, _ in found]
        texts = [part.text for part in slide.of(Text)]
        high = font_sizes.left(slide.title, texts, kinds.count("formula"), kinds.count("picture"))
        blocks = [thing for kind, thing in found if kind in ("code", "output")]
        sizes = iter(font_sizes.sizes(blocks, high))
        exercises = slide.of(Exercise)
        for part in slide.parts:
            if isinstance(part, Text):
                yield "text", part, None
            elif isinstance(part, Exercise) and part is exercises[0]:
                yield "exercises", exercises, None
            for kind, thing in quotes.get(id(part), ()):
                if kind == "picture":
                    self.pictures[thing.file] = thing.content
                size = next(sizes) if kind in ("code", "output") else None
                yield kind, thing, size

    def grouped(self, minutes):
        """Return pairs of minutes and the cuts that have so many."""
        groups = {}
        for cut, count in minutes.items():
            groups.setdefault(count, []).append(cut)
        return groups.items()

    def solutions(self, slide):
        """Return the exercises of a slide, each with its solution."""
        chapter = slide.step.chapter
        return [(each, self.chapters.solution(each, chapter)) for each in slide.of(Exercise)]

    def says_what_goes_wrong(self, slide, number):
        """Say whether the notes of this slide have it: once a step, with its exercises if any."""
        step = slide.step
        exercise = next((s for s in self.slides if s.step is step and s.of(Exercise)), None)
        return bool(step.wrong) and (slide is exercise or (exercise is None and number == 1))


def together(text):
    """Keep a number and its percent sign on one line."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)
