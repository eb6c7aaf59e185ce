"""The workshop's deck as HTML: slides, their marks, quotes, exercises, and the speaker's notes."""

import re
from html import escape

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.slides import room as slides_room
from tools.slides.quotes import Block, Picture, code, math, plain, unproved
from tools.slides.source import Exercise, Quote, Text, cuts_of, exercise_minutes, fail, read_slides
from tools.workshop import plan as workshop_plan

TITLE = "The Loss Book: a workshop"
DESCRIPTION = "The slides of the workshop on how Keras turns a tensor of losses into one number."
PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="description" content="{description}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="favicon.svg">
<link rel="stylesheet" href="reveal.css" media="(scripting: enabled)">
<link rel="stylesheet" href="lossbook.css">
<link rel="stylesheet" href="slides.css">
</head>
<body>
<main>
<div class="reveal">
<div class="slides">
{slides}
</div>
</div>
</main>
<script src="reveal.js"></script>
<script src="notes.js"></script>
<script src="slides.js"></script>
</body>
</html>
"""


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

    def _math(self, source, how):
        return math(source, how["display_mode"], self.line)

    def render(self, text, line):
        """Return Markdown as HTML."""
        self.line = line
        return self.markdown.render(together(text)).strip()

    def inline(self, text, line):
        """Return the Markdown of one line as HTML, without a paragraph around it."""
        self.line = line
        return self.markdown.renderInline(together(text))

    def page(self):
        """Return the page."""
        count, sections = {}, []
        for slide in self.slides:
            number = count[slide.step.id] = count.get(slide.step.id, 0) + 1
            sections.append(self.section(slide, number))
        slides = "\n\n".join(sections)
        return PAGE.format(title=TITLE, description=DESCRIPTION, slides=slides)

    def counts(self):
        """Return how many slides there are, and in each cut."""
        shown = [cuts_of(slide, self.plan) for slide in self.slides]
        cuts = {cut.name: sum(cut.name in names for names in shown) for cut in self.plan.cuts}
        return {"all": len(shown)} | cuts

    def section(self, slide, number):
        """Return a slide; number counts those of its step."""
        title = self.slides[0] is slide
        body = [self.mark(slide.step)] if number == 1 else []
        heading = "h1" if title else "h2"
        body.append(f"<{heading}>{self.inline(slide.title, slide.line)}</{heading}>")
        body += self.parts(slide)
        body += [self.lengths()] if title else []
        name = slide.step.id + (f"-{number}" if number > 1 else "")
        kind = "slide" if slide.parts and not title else "title"
        return (
            f'<section id="{name}" data-cuts="{" ".join(cuts_of(slide, self.plan))}">\n'
            f'<div class="{kind}">\n' + "\n".join(body) + "\n</div>\n"
            f'<aside class="notes">\n{self.notes(slide, number)}\n</aside>\n</section>'
        )

    def mark(self, step):
        """Return the line above a step's first slide: in which cuts it is, and for how long."""
        cuts = [
            f'<span data-cuts="{cut.name}">{escape(cut.title)}: {step.minutes[cut.name]} min</span>'
            for cut in self.plan.cuts
            if cut.name in step.minutes
        ]
        return f'<p class="mark">{" ".join(cuts)}</p>'

    def timetable(self, step):
        """Return what is done in a step, as the items of a list: how, how long, what."""
        return "\n".join(
            f'<li data-cuts="{" ".join(part.minutes)}">{workshop_plan.DOES[part.do]}'
            f"{minutes_of(part.minutes)} {self.inline(part.exercise or part.what, 0)}</li>"
            for part in step.parts
        )

    def lengths(self):
        """Return the links to the deck of each cut."""
        links = [
            f'<a href="?cut={cut.name}">{escape(cut.title)}</a> ({self.counts()[cut.name]} slides)'
            for cut in self.plan.cuts
        ]
        return f'<p class="cuts">{" · ".join(links)}</p>'

    def parts(self, slide):
        """Yield the HTML of what stands below a slide's heading."""
        formulas = [quote for quote in slide.of(Quote) if quote.kind == "formula"]
        shown = {id(q): self.chapters.blocks(q) for q in slide.of(Quote) if q not in formulas}
        blocks = [block for found in shown.values() for block in found]
        code = [block for block in blocks if isinstance(block, Block)]
        texts = [part.text for part in slide.of(Text)]
        high = slides_room.left(slide.title, texts, len(formulas), len(blocks) - len(code))
        sizes = iter(slides_room.sizes([block.lines for block in code], high))
        exercises = slide.of(Exercise)
        for part in slide.parts:
            if isinstance(part, Text):
                yield self.render(part.text, part.line)
            elif isinstance(part, Exercise):
                if part is exercises[0]:
                    yield self.exercises(slide, exercises)
            elif part.kind == "formula":
                yield f'<div class="math block">{self.chapters.formula(part)}</div>'
            else:
                for block in shown[id(part)]:
                    yield (
                        self.picture(block)
                        if isinstance(block, Picture)
                        else pre(block, next(sizes))
                    )

    def picture(self, picture):
        """Return a figure, and keep its file for later."""
        self.pictures[picture.file] = picture.content
        alt = escape(picture.alt)
        return f'<figure><img src="pictures/{picture.file}" alt="{alt}"></figure>'

    def exercises(self, slide, exercises):
        """Return the list of a slide's exercises, each with the cuts that have it."""
        items = []
        for exercise in exercises:
            minutes = exercise_minutes(slide.step, exercise.name)
            task = self.inline(exercise.text, exercise.line)
            items.append(
                f'<li data-cuts="{" ".join(minutes)}"><p><strong>{exercise.name}</strong>'
                f"{minutes_of(minutes)}</p>\n{task}</li>"
            )
        return '<ul class="exercises">\n' + "\n".join(items) + "\n</ul>"

    def notes(self, slide, number):
        """Return what the speaker sees: what to say, minutes, solutions, what goes wrong."""
        step, exercises = slide.step, slide.of(Exercise)
        found = [self.render(slide.note, slide.line)]
        if number == 1 and step.parts:
            found.insert(0, f"{self.mark(step)}\n<ul>\n{self.timetable(step)}\n</ul>")
        for exercise in exercises:
            solution = escape(self.chapters.solution(exercise, step.chapter), quote=False)
            cuts = " ".join(exercise_minutes(step, exercise.name))
            body = f'<p>{exercise.name}:</p>\n<pre style="white-space: pre-wrap">{solution}</pre>'
            found.append(f'<div data-cuts="{cuts}">\n{body}\n</div>')
        told = next((s for s in self.slides if s.step is step and s.of(Exercise)), None)
        if step.wrong and (slide is told or (told is None and number == 1)):
            wrong = [f"- **{what}** {answer}".rstrip() for what, answer in step.wrong]
            found.append(self.render("What goes wrong:\n\n" + "\n".join(wrong), slide.line))
        return "\n".join(found)


def minutes_of(minutes):
    """Return minutes by cut as HTML; which cut it is, is said where all are shown."""
    groups = {}
    for cut, count in minutes.items():
        groups.setdefault(count, []).append(cut)
    return "".join(
        f' <span class="minutes" data-cuts="{" ".join(cuts)}">'
        f'<span class="when">{", ".join(cuts)}: </span>{count} min</span>'
        for count, cuts in groups.items()
    )


def together(text):
    """Keep a number and its percent sign on one line."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


def pre(block, size):
    """Return a block of code or output."""
    lines = code(block.lines) if block.kind == "code" else plain(block.lines)
    return f'<pre class="{block.kind} px{size}"><code>{lines}</code></pre>'
