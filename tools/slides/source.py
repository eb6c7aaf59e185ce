"""Read the workshop's slides (workshop/slides.md), and say which cuts of its plan show which.

The slides are plain Markdown. A slide begins at a heading `## ...`; a line `Note:` begins what the
speaker alone sees. A line in braces says something about a slide, or quotes a chapter:

    {step: weights}                       the slides below belong to this step of the plan, which
                                          says when it comes; a break needs no slide
    {from: half}                          this slide is left out of the cuts before that one
    {exercise: weights-1} Three numbers.  its minutes are those of the plan
    {cell: 05_weights#rule}               code and output of that cell
    {code: 05_weights#rule | lines 1-3}   the code alone, and of it these lines
    {output: 05_weights#rule | with "by hand", "Keras"}    the lines that hold one of these
    {output: 05_weights#rule | from "by hand" to "Keras"}  the lines from one to the other
    {formula: 05_weights}                 the formula at the chapter's head
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from tools.workshop.plan import Step

QUOTES = ("cell", "code", "output", "formula")
DIRECTIVES = ("step", "from", "exercise", *QUOTES)
DIRECTIVE = re.compile(r"\{(\w+):\s*([^|}]*?)\s*(?:\|\s*([^}]*?)\s*)?\}\s*(.*)")
CELL = re.compile(r"(\d\d_\w+)#([\w-]+)")


class SlidesError(ValueError):
    """What has to be mended in the slides, or in what they quote; the text names the line."""


def fail(line, text):
    """Refuse a line of workshop/slides.md."""
    raise SlidesError(f"workshop/slides.md, line {line}: {text}")


class Text(NamedTuple):
    """Markdown of the slide's own."""

    text: str
    line: int


class Exercise(NamedTuple):
    """An exercise that a slide announces, in a few words."""

    name: str
    text: str
    line: int
    end: int  # the last line


class Quote(NamedTuple):
    """What a slide shows of a chapter: a cell's code, its output or both (kind), or lines of it."""

    kind: str
    chapter: str
    cell: str
    select: str
    line: int


@dataclass
class Slide:
    """One slide. `since` names the first cut that has it, if that isn't the first of its step."""

    title: str
    step: Step
    line: int
    since: str = ""
    parts: list = field(default_factory=list)  # Text, Exercise, Quote, as they follow each other
    note: str = ""

    def of(self, kind):
        """Return the parts of one kind."""
        return [part for part in self.parts if isinstance(part, kind)]

    @property
    def words(self):
        """What this slide says for itself, with the line of each text."""
        own = [Text(part.text, part.line) for part in self.parts if not isinstance(part, Quote)]
        return [Text(self.title, self.line), *own, Text(self.note, self.line)]


def exercise_minutes(step, name):
    """Return the minutes of an exercise, by cut."""
    return next((part.minutes for part in step.parts if part.exercise == name), {})


def cuts_of(slide, plan):
    """Return the names of the cuts that show a slide."""
    names = [cut.name for cut in plan.cuts]
    shown = set(slide.step.minutes)
    if exercises := slide.of(Exercise):
        shown &= set().union(*(exercise_minutes(slide.step, e.name) for e in exercises))
    return [name for name in names[names.index(slide.since or names[0]) :] if name in shown]


def read_slides(text, plan):
    """Return the slides that the text of a slides.md holds; refuse what cannot be right.

    Args:
        text: the Markdown.
        plan: a Plan of tools/workshop.
    """
    slides, step, in_note = [], None, False
    for number, line in enumerate(text.splitlines(), start=1):
        slide = slides[-1] if slides else None
        if line.startswith("## "):
            if step is None:
                fail(number, "a slide before the first step; write {step: ...} above it")
            slides.append(Slide(line.removeprefix("## ").strip(), step, number))
            in_note = False
        elif line.startswith("{"):
            name, value, select, after = _directive(number, line)
            if name == "step":
                step = _step(number, value, plan)
            elif slide is None or slide.step is not step:
                fail(number, f"{{{name}: ...}} before the step's first slide; begin it with ## ...")
            else:
                _add(slide, number, name, value, select, after, plan)
        elif line.rstrip() == "Note:":
            in_note = True
        elif slide and in_note:
            slide.note += line + "\n"
        elif slide:
            _text(slide, number, line)
    slides = [slide for step in plan.steps for slide in _of_step(step, slides)]
    _check(slides, plan)
    return slides


def _directive(number, line):
    match = DIRECTIVE.fullmatch(line.strip())
    if match is None or match[1] not in DIRECTIVES:
        known = ", ".join(f"{{{name}: ...}}" for name in DIRECTIVES)
        fail(number, f"{line.strip()!r} is no directive; there are {known}")
    return match[1], match[2], match[3] or "", match[4]


def _text(slide, number, line):
    """Add a line of Markdown; right below an exercise it continues its task."""
    last = slide.parts[-1] if slide.parts else None
    if isinstance(last, Text):
        slide.parts[-1] = last._replace(text=last.text + line + "\n")
    elif isinstance(last, Exercise) and line.strip() and last.end == number - 1:
        slide.parts[-1] = last._replace(text=f"{last.text} {line.strip()}", end=number)
    elif line.strip():
        slide.parts.append(Text(line + "\n", number))


def _step(number, value, plan):
    steps = {step.id: step for step in plan.steps}
    if value not in steps:
        fail(number, f"no step {value!r} in the plan; it has {', '.join(steps)}")
    return steps[value]


def _add(slide, number, name, value, select, after, plan):
    if name == "from":
        if value not in (cuts := [cut.name for cut in plan.cuts]):
            fail(number, f"no cut {value!r} in the plan; it has {', '.join(cuts)}")
        slide.since = value
    elif name == "exercise":
        if not value or not after:
            fail(number, "write {exercise: weights-1} and what there is to do")
        slide.parts.append(Exercise(value, after, number, number))
    elif name == "formula":
        slide.parts.append(Quote(name, value, "", "", number))
    else:
        match = CELL.fullmatch(value)
        if match is None:
            fail(number, f"no cell {value!r}; write {{{name}: 05_weights#rule}}")
        slide.parts.append(Quote(name, match[1], match[2], select, number))


def _of_step(step, slides):
    """Return a step's slides; a break, in which nothing is done, gets one by itself."""
    own = [slide for slide in slides if slide.step is step]
    if not own and step.parts:
        raise SlidesError(f"workshop/slides.md has no slide for the step {step.id!r}")
    return own or [Slide(step.title, step, 0, note="Say when it goes on, and write it down.")]


def _check(slides, plan):
    """Refuse slides without a note or a cut, and a plan with exercises that no slide announces."""
    for slide in slides:
        if not slide.note.strip():
            fail(slide.line, f"the slide {slide.title!r} has no note for the speaker; write Note:")
        if not cuts_of(slide, plan):
            fail(slide.line, f"the slide {slide.title!r} is in no cut of the plan")
    listed = {exercise.name for slide in slides for exercise in slide.of(Exercise)}
    for step in plan.steps:
        for name in (part.exercise for part in step.parts if part.exercise):
            if name not in listed:
                text = f"the plan has the exercise {name}; write {{exercise: {name}}} and its task"
                fail(next(slide.line for slide in slides if slide.step is step), text)
