"""Build the workshop's slides: one deck for all cuts, with reveal.js beside it.

    .venv/bin/python tools/slides.py REVEAL [FOLDER]      # make slides does it

REVEAL is the npm package reveal.js, FOLDER is _build/html/slides, from where the deck links to the
book's pages. workshop/slides.md is what the slides say, workshop/plan.toml when; code, outputs and
figures come from the last run of the chapters.
"""

import re
import shutil
import sys
from html import escape
from pathlib import Path

import slides_room
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from slides_quotes import STYLE, Block, Chapters, Picture, code, math, plain, unproved
from slides_source import Exercise, Quote, SlidesError, Text, fail, read_plan, read_slides

ROOT = Path(__file__).resolve().parent.parent
WORKSHOP = ROOT / "workshop"
FOLDER = Path("_build/html/slides")
TITLE = "The Loss Book: a workshop"
DESCRIPTION = "The slides of the workshop on how Keras turns a tensor of losses into one number."
STATIC = ("lossbook.css", "math.woff2", "favicon.svg")
REVEAL = {
    "dist/reveal.css": "reveal.css",
    "dist/reveal.js": "reveal.js",
    "dist/plugin/notes.js": "notes.js",
    "LICENSE": "LICENSE.reveal.txt",
}
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
        shown = [self.plan.cuts_of(slide) for slide in self.slides]
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
        kind = "title" if title else "slide"
        return (
            f'<section id="{name}" data-cuts="{" ".join(self.plan.cuts_of(slide))}">\n'
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
            cuts = cuts_with(exercise, slide.step)
            task = self.inline(exercise.text, exercise.line)
            items.append(
                f'<li data-cuts="{cuts}"><p><strong>{exercise.name}</strong>'
                f' <span class="minutes">{exercise.minutes} min</span></p>\n{task}</li>'
            )
        return '<ul class="exercises">\n' + "\n".join(items) + "\n</ul>"

    def notes(self, slide, number):
        """Return what the speaker sees: what to say, minutes, solutions, what goes wrong."""
        step, exercises = slide.step, slide.of(Exercise)
        found = [self.render(slide.note, slide.line)]
        if number == 1:
            found.insert(0, self.mark(step))
        for exercise in exercises:
            solution = escape(self.chapters.solution(exercise, step.chapter), quote=False)
            cuts = cuts_with(exercise, step)
            body = f"<p>{exercise.name}:</p>\n<pre>{solution}</pre>"
            found.append(f'<div data-cuts="{cuts}">\n{body}\n</div>')
        told = next((s for s in self.slides if s.step is step and s.of(Exercise)), None)
        if step.wrong and (slide is told or (told is None and number == 1)):
            wrong = [f"- **{what}** {answer}".rstrip() for what, answer in step.wrong]
            found.append(self.render("What goes wrong:\n\n" + "\n".join(wrong), slide.line))
        return "\n".join(found)


def cuts_with(exercise, step):
    """Return the names of the cuts in which a step has an exercise."""
    return " ".join(cut for cut, names in step.exercises.items() if exercise.name in names)


def together(text):
    """Keep a number and its percent sign on one line."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


def pre(block, size):
    """Return a block of code or output."""
    lines = code(block.lines) if block.kind == "code" else plain(block.lines)
    return f'<pre class="{block.kind} px{size}"><code>{lines}</code></pre>'


def build(reveal, folder):
    """Write the deck to a folder; return how many slides it has, in all and by cut."""
    plan = read_plan((WORKSHOP / "plan.toml").read_text(encoding="utf-8"))
    text = (WORKSHOP / "slides.md").read_text(encoding="utf-8")
    deck = Deck(text, plan, Chapters(executed=True))
    page = deck.page()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "pictures").mkdir(parents=True)
    (folder / "index.html").write_text(page, encoding="utf-8")
    for file, content in deck.pictures.items():
        (folder / "pictures" / file).write_bytes(content)
    for file, name in REVEAL.items():
        shutil.copyfile(reveal / file, folder / name)
    for name in STATIC:
        shutil.copyfile(ROOT / "book/_static" / name, folder / name)
    shutil.copyfile(WORKSHOP / "slides.js", folder / "slides.js")
    sizes = "".join(f".px{size} {{ font-size: {size}px; }}\n" for size in slides_room.SIZES)
    style = (WORKSHOP / "slides.css").read_text(encoding="utf-8")
    colours = "\n".join(STYLE.get_token_style_defs("pre.code"))
    (folder / "slides.css").write_text(f"{style}\n{sizes}\n{colours}\n", encoding="utf-8")
    return deck.counts()


def main(arguments):
    """Build the deck; say how many slides it has, or what is wrong with it."""
    reveal, folder = Path(arguments[0]), Path(arguments[1] if len(arguments) > 1 else FOLDER)
    try:
        counts = build(reveal, folder)
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 1
    cuts = ", ".join(f"{name} {count}" for name, count in counts.items())
    print(f"Slides: {cuts}. Open {folder / 'index.html'}; S shows the notes, ?cut=90 one cut.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
