"""Read the workshop's plan (workshop/plan.toml) and its slides (workshop/slides.md).

The slides are plain Markdown. A slide begins at a heading `## ...`; a line `Note:` begins what the
speaker alone sees. A line in braces says something about a slide, or quotes a chapter:

    {step: weights}                       the slides below belong to this step of the plan
    {from: half}                          this slide is left out of the cuts before that one
    {exercise: weights-1, 5 min} Three numbers for four losses.
    {cell: 05_weights#rule}               code and output of that cell
    {code: 05_weights#rule | lines 1-3}   the code alone, and of it these lines
    {output: 05_weights#rule | with "by hand", "Keras"}    the lines that hold one of these
    {output: 05_weights#rule | from "by hand" to "Keras"}  the lines from one to the other
    {formula: 05_weights}                 the formula at the chapter's head
"""

import re
import tomllib
from dataclasses import dataclass, field
from typing import NamedTuple

QUOTES = ("cell", "code", "output", "formula")
DIRECTIVES = ("step", "from", "exercise", *QUOTES)
DIRECTIVE = re.compile(r"\{(\w+):\s*([^|}]*?)\s*(?:\|\s*([^}]*?)\s*)?\}\s*(.*)")
EXERCISE = re.compile(r"([a-z][a-z0-9-]*-\d+), (\d+) min")
CELL = re.compile(r"(\d\d_\w+)#([\w-]+)")


class SlidesError(ValueError):
    """What has to be mended in the slides, or in what they quote; the text names the line."""


def fail(line, text):
    """Refuse a line of workshop/slides.md."""
    raise SlidesError(f"workshop/slides.md, line {line}: {text}")


class Cut(NamedTuple):
    """A length of the workshop: its name (as in `?cut=half`), its title, its minutes."""

    name: str
    title: str
    total: int


class Step(NamedTuple):
    """What the plan says about a step: minutes and exercises by cut, what goes wrong and how to
    answer it. The chapter is a file's name without .ipynb, or empty."""

    id: str
    title: str
    chapter: str
    minutes: dict
    exercises: dict
    wrong: tuple


class Text(NamedTuple):
    """Markdown of the slide's own."""

    text: str
    line: int


class Exercise(NamedTuple):
    """An exercise that a slide announces, in a few words."""

    name: str
    minutes: int
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


class Plan(NamedTuple):
    """The cuts, and the steps by their ids, each in the plan's order."""

    cuts: tuple
    steps: dict

    def cuts_of(self, slide):
        """Return the names of the cuts that show a slide."""
        names = [cut.name for cut in self.cuts]
        exercises = {exercise.name for exercise in slide.of(Exercise)}
        return [
            name
            for name in names[names.index(slide.since) if slide.since else 0 :]
            if name in slide.step.minutes
            and (not exercises or exercises & set(slide.step.exercises.get(name, ())))
        ]


def read_plan(text):
    """Return the Plan that the text of a plan.toml holds."""
    plan = tomllib.loads(text)
    cuts = tuple(Cut(cut["name"], cut["title"], cut["total"]) for cut in plan["cut"])
    steps = [
        Step(
            step["id"],
            step["title"],
            step.get("chapter", ""),
            step["minutes"],
            step.get("exercises", {}),
            tuple(_wrong(entry) for entry in step.get("wrong", ())),
        )
        for step in plan["step"]
    ]
    return Plan(cuts, {step.id: step for step in steps})


def _wrong(entry):
    """Return (what goes wrong, what to say): the values of a table, or a text alone."""
    what, *answer = entry.values() if isinstance(entry, dict) else (entry,)
    return what, " ".join(answer)


def read_slides(text, plan):
    """Return the slides that the text of a slides.md holds; refuse what cannot be right."""
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
                step = _step(number, value, plan, slides)
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
    _complete(slides, plan)
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


def _step(number, value, plan, slides):
    if value not in plan.steps:
        fail(number, f"no step {value!r} in the plan; it has {', '.join(plan.steps)}")
    order, before = list(plan.steps), slides[-1].step.id if slides else None
    if order.index(value) != (order.index(before) + 1 if before else 0):
        fail(number, f"the step {value!r} out of the plan's order, {', '.join(plan.steps)}")
    return plan.steps[value]


def _add(slide, number, name, value, select, after, plan):
    if name == "from":
        if value not in (cuts := [cut.name for cut in plan.cuts]):
            fail(number, f"no cut {value!r} in the plan; it has {', '.join(cuts)}")
        slide.since = value
    elif name == "exercise":
        match = EXERCISE.fullmatch(value)
        if match is None or not after:
            fail(number, "write {exercise: weights-1, 5 min} and what there is to do")
        slide.parts.append(Exercise(match[1], int(match[2]), after, number, number))
    elif name == "formula":
        slide.parts.append(Quote(name, value, "", "", number))
    else:
        match = CELL.fullmatch(value)
        if match is None:
            fail(number, f"no cell {value!r}; write {{{name}: 05_weights#rule}}")
        slide.parts.append(Quote(name, match[1], match[2], select, number))


def _complete(slides, plan):
    """Refuse slides that leave out a step, a note, or an exercise of the plan."""
    for slide in slides:
        if not slide.note.strip():
            fail(slide.line, f"the slide {slide.title!r} has no note for the speaker; write Note:")
        if not plan.cuts_of(slide):
            fail(slide.line, f"the slide {slide.title!r} is in no cut of the plan")
    for step in plan.steps.values():
        own = [slide for slide in slides if slide.step is step]
        if not own:
            raise SlidesError(f"workshop/slides.md has no slide for the step {step.id!r}")
        listed = {exercise.name: exercise for slide in own for exercise in slide.of(Exercise)}
        for cut, names in step.exercises.items():
            for name in names:
                if name not in listed:
                    text = f"in the step {step.id!r} write {{exercise: {name}, 5 min}} and its task"
                    fail(own[-1].line, f"the plan has the exercise {name}; {text}")
            minutes = sum(listed[name].minutes for name in names)
            if minutes > step.minutes[cut]:
                text = f"its exercises take {minutes} minutes of {step.minutes[cut]}"
                fail(own[0].line, f"the step {step.id!r}, cut {cut!r}: {text}")
