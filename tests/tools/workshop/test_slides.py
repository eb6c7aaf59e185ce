"""The workshop's slides (tools/slides): what is quoted, in which cut, and what is refused."""

import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from tools.notebooks.files import tags_of
from tools.slides import __main__ as slides
from tools.slides import font_sizes, source
from tools.slides.deck import Deck
from tools.slides.quotes import Chapters
from tools.slides.source import Exercise, Quote, SlidesError, cuts_of, read_slides
from tools.workshop.plan import Cut, Part, Plan, Step, load, questions, survey

ROOT = Path(__file__).resolve().parents[3]
CUTS = [("90", "90 minutes", 6), ("half", "Half a day", 30), ("day", "A full day", 55)]
PARTS = (
    Part("run", {"half": 15, "day": 15}, "Divide by $n$."),
    Part("exercise", {"half": 5, "day": 4}, exercise="weights-1"),
    Part("exercise", {"day": 6}, exercise="weights-2"),
)
WRONG = (
    ("Most people divide by Σw.", "The metric does."),
    ("A shape (B,).", "It meets the steps."),
)
WELCOME = {"90": 6, "half": 10, "day": 10}
PLAN = Plan(
    tuple(Cut(*cut, "", "") for cut in CUTS),
    (
        Step("before", "Welcome", WELCOME, (Part("talk", WELCOME, "Hello."),)),
        Step("break", "A break", {"day": 15}),
        Step("weights", "Weights", {"half": 20, "day": 25}, PARTS, "05_weights", wrong=WRONG),
    ),
)
START = "{step: before}\n\n## Welcome\n\nHello.\n\nNote:\nSay hello.\n\n{step: weights}\n\n"
TURN = """\
## Your turn

{exercise: weights-1} Three numbers.

{exercise: weights-2} One weight for each image:
which shape?

Note:
Chapter 5.
"""


def slide(body, title="Weights"):
    """The source of a small deck, of which `body` is one slide."""
    return f"{START}## {title}\n\n{body}\n\nNote:\nSay it.\n\n{TURN}"


def deck(text, chapters=None):
    return Deck(text, PLAN, chapters or Chapters())


def section(body):
    """The HTML of one slide."""
    built = deck(slide(body))
    return built.section(built.slides[2], 1)


def shown(html):
    """The text of HTML."""
    return unescape(re.sub(r"<[^>]+>", "", html))


# --- the deck of the workshop ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    """The workshop's own deck, with the outputs that are saved in the notebooks."""
    text = (ROOT / "workshop/slides.md").read_text(encoding="utf-8")
    return Deck(text, load(), Chapters())


def test_the_deck_quotes_only_what_there_is_and_says_only_what_is_printed(real):
    """Building it refuses the rest: a cell, an exercise, a formula, a number without an output."""
    page = real.page()
    quoted = [quote for one in real.slides for quote in one.of(Quote)]
    assert len({quote.chapter for quote in quoted}) == 16
    assert len(quoted) > 50
    assert page == real.page()


def test_the_deck_has_every_step_in_a_length_that_can_be_taught(real):
    counts = real.counts()
    assert list(counts) == ["all", *(cut.name for cut in real.plan.cuts)]
    assert counts["90"] < counts["half"] < counts["day"] <= counts["all"]
    for cut in real.plan.cuts:
        assert cut.total / counts[cut.name] > 3, "less than three minutes for a slide"


def test_the_short_cut_has_twenty_slides_and_a_figure_in_every_step(real):
    assert real.counts()["90"] <= 20
    drawn = {
        slide.step.id
        for slide in real.slides
        if "90" in real.cuts_of(slide)
        for quote in slide.of(Quote)
        if quote.kind == "output" and "figure" in tags_of(real.chapters.cell(quote))
    }
    assert drawn == {step.id for step in real.plan.steps_in("90") if step.chapter}


def test_a_turn_says_where_its_exercise_stands(real):
    turns = [slide for slide in real.slides if slide.of(Exercise)]
    for slide in turns:
        html = real.section(slide, 2)
        for exercise in slide.of(Exercise):
            number = exercise.name.rpartition("-")[2]
            place = f"Chapter {int(slide.step.chapter[:2])}, exercise {number}"
            assert f"<strong>{place}</strong>" in html


def test_the_sheet_asks_the_questions_twice_and_gives_no_answer(real):
    sheet = shown(real.sheet())
    for question in questions():
        assert sheet.count(question["ask"]) == 2
        assert not any(o["belief"] in sheet for o in question["options"] if "belief" in o)
    assert all(question in sheet for question in survey())
    assert "A loss of my own" in sheet


def test_every_slide_has_its_own_id_and_a_heading(real):
    page = real.page()
    ids = re.findall(r'<section id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == len(real.slides)
    assert page.count("<h1>") == 1
    assert page.count("<h2>") == len(ids) - 1
    assert page.count('<aside class="notes">') == len(ids)
    taught = [step for step in real.plan.steps if step.parts]
    assert page.count('<p class="mark">') == len(real.plan.steps) + len(taught)  # in the notes too


def test_links_lead_to_pages_of_the_book(real):
    links = set(re.findall(r'<a href="([^"?]+)"', real.page()))
    assert links
    for link in links:
        page = re.fullmatch(r"\.\./book/(\w+)\.html", link)
        assert page, link
        assert list((ROOT / "book").glob(f"{page[1]}.*")), link


def test_the_folder_needs_no_other_host(real, tmp_path, monkeypatch):
    package = tmp_path / "package"
    for file in slides.REVEAL:
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).write_text(file)
    monkeypatch.setattr(slides, "Kept", lambda: None)
    assert slides.build(package, tmp_path / "deck") == real.counts()
    page = (tmp_path / "deck/index.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|<link [^>]*href)="([^"]+)"', page)
    asked += re.findall(r"url\(\"?([^\")]+)", (tmp_path / "deck/common.css").read_text())
    assert {"reveal.js", "slides.js", "notes.js", "slides.css", "math.woff2"} <= set(asked)
    for file in asked:
        assert (tmp_path / "deck" / file).is_file(), file
    assert (tmp_path / "deck/LICENSE.reveal.txt").read_text() == "LICENSE"


# --- cuts -----------------------------------------------------------------------------------------


def cuts(text):
    return [" ".join(cuts_of(one, PLAN)) for one in read_slides(text, PLAN)]


def test_a_slide_is_in_the_cuts_of_its_step():
    assert cuts(slide("x")) == ["90 half day", "day", "half day", "half day"]


def test_a_slide_can_begin_with_a_later_cut():
    assert cuts(slide("{from: day}\n\nx"))[2:] == ["day", "half day"]
    assert cuts(slide("{from: 90}\n\nx"))[2] == "half day"


def test_the_plan_says_in_which_order_steps_come_and_a_break_needs_no_slide():
    first, second = START.split("{step: weights}")[0], slide("x").split("{step: weights}")[1]
    read = read_slides("{step: weights}" + second + first, PLAN)
    assert [one.title for one in read] == ["Welcome", "A break", "Weights", "Your turn"]


def test_what_the_room_sees_and_what_the_speaker_sees(snapshot):
    """Minutes by cut, exercises, and in the notes: timetable, solutions, what goes wrong."""
    built = deck(slide("x"))
    html = "\n".join(built.section(built.slides[at], at - 1) for at in (2, 3))
    assert re.sub(r'(?<=pre-wrap">)[^<]*answer = [^<]*', "the solution", html) == snapshot


# --- quotes ---------------------------------------------------------------------------------------


def lines(body):
    """The lines of the code and the outputs on a slide."""
    html = section(body).split("<aside")[0]
    return shown("\n".join(re.findall(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)))


def test_a_cell_is_shown_with_its_output():
    html = section("{cell: 05_weights#interact}")
    assert html.count('<pre class="code') == html.count('<pre class="output') == 1
    assert lines("{cell: 05_weights#interact}").startswith("trace.interact()\nmean_absolute_error,")


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("lines 1", "by hand       0.1500"),
        ("lines 1-2", "by hand       0.1500\nlossbook      0.1500"),
        ("lines 1, 3", "by hand       0.1500\nKeras         0.1500"),
        ('with "by hand"', "by hand       0.1500"),
        ('with "Keras", "by hand"', "by hand       0.1500\nKeras         0.1500"),
        ('from "denom"', "denominator   4\ncoefficients  0.25 0.25 0.00 0.00\ntheir sum     0.50"),
        ('from "lossbook" to "Keras"', "lossbook      0.1500\nKeras         0.1500"),
    ],
)
def test_lines_of_an_output(select, expected):
    assert lines(f"{{output: 05_weights#rule | {select}}}") == expected


def test_code_is_marked_escaped_and_unindented():
    body = '{code: 05_weights#puzzle-code | from "loss=loss" to "metrics="}'
    assert lines(body) == 'loss=loss,\nmetrics=[mean(name="metric")],'
    html = section('{code: 11_custom_losses#better | with "class BCEDice", "def call"}')
    assert '<span class="k">class</span>' in html
    assert '<span class="gap">⋮</span>' in html
    html = section('{output: 06_reduction#underflow | with "with scaling"}')
    assert "-&gt; 0" in html


def test_a_formula_is_that_of_the_chapter():
    assert "<mi>n</mi>" in section("{formula: 05_weights}").partition('<div class="math block">')[2]
    assert "<mfrac>" in section("Half: $\\frac12$.")


@pytest.mark.parametrize(
    ("blocks", "high", "expected"),
    [
        ([], 500, []),
        ([(40, 3)], 500, [34]),
        ([(70, 3)], 500, [25]),  # by its width
        ([(20, 12)], 500, [28]),  # by its height
        ([(80, 4), (20, 3)], 500, [22, 34]),  # each as wide as it is
        ([(20, 6), (20, 6)], 500, [25, 25]),
        ([(82, 15)], 500, [22]),
        ([(20, 15)], 0, [22]),  # no room at all: the browser tests say so
    ],
)
def test_letters_are_as_large_as_the_lines_allow(blocks, high, expected):
    assert font_sizes.sizes([["x" * wide] * lines for wide, lines in blocks], high) == expected


def test_figures_come_from_the_run_of_the_site(monkeypatch):
    chapters = Chapters()
    cell = chapters.cell(Quote("output", "05_weights", "ledger", "", 1))
    cell.outputs = [{"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}}]
    cell.outputs = [nbformat.from_dict(o) for o in cell.outputs]
    built = deck(slide("{output: 05_weights#ledger}"), chapters)
    html = built.section(built.slides[2], 1)
    assert re.search(r'<img src="pictures/05_weights-ledger.svg" alt="Ledger of [^"]+">', html)
    assert built.pictures == {"05_weights-ledger.svg": b"<svg/>"}
    cell.metadata["mystnb"]["image"]["alt"] = " "
    with pytest.raises(SlidesError, match="line 14: the figure 05_weights#ledger has no alt text"):
        built.section(built.slides[2], 1)


def test_a_run_that_is_out_of_date_is_refused():
    kept = SimpleNamespace(current=lambda nb: False)
    with pytest.raises(SlidesError, match="05_weights has no run that is up to date"):
        deck(slide("{output: 05_weights#rule}"), Chapters(kept))


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{cel: 05_weights#rule}", r"line 14: '\{cel: .*' is no directive; there are"),
        ("{pause}", r"line 14: '\{pause\}' is no directive"),
        ("{cell: weights}", r"no cell 'weights'; write \{cell: 05_weights#rule\}"),
        ("{cell: 05_wieghts#rule}", "no chapter '05_wieghts'; did you mean 05_weights"),
        ("{cell: 05_weights#rul}", "no code cell 'rul' in 05_weights; did you mean rule"),
        ("{cell: 05_weights#title}", "no code cell 'title' in 05_weights"),
        ("{formula: 05_weight}", "no chapter '05_weight'; did you mean 05_weights"),
        ("{output: 05_weights#rule | some}", "cannot select 'some'; write `lines 1-3, 8`"),
        ("{output: 05_weights#rule | lines 9}", "'lines 9' of 'rule', which has 7 lines"),
        ("{output: 05_weights#rule | lines 0}", "'lines 0' of 'rule', which has 7 lines"),
        ('{output: 05_weights#rule | with "Kears"}', "no line with 'Kears' in 'rule' of"),
        ('{output: 05_weights#rule | from "Keras" to "by hand"}', "no line with 'by hand'"),
        ("{output: 05_weights#class-source-text}", "no code cell"),
        ("{code: 05_weights#puzzle-code}", "has 2. lines of up to 80 characters; a slide has room"),
        ("{from: week}", "no cut 'week' in the plan; it has 90, half, day"),
        ("{step: lunch}", "no step 'lunch' in the plan; it has before, break, weights"),
        ("{exercise: } Do it.", r"write \{exercise: weights-1\} and what there is to do"),
        ("{exercise: weights-1}", r"write \{exercise: weights-1\} and what there is to do"),
        ("{exercise: weights-99} Do it.", "the slide 'Weights' is in no cut of the plan"),
        ("It is 0.1234.", r"line 14: says 0.1234, which no output of \['05_weights'\] shows"),
        ("$\\foo x$", r"\\foo is unknown in the formula"),
    ],
)
def test_a_mistake_is_named_with_its_line(body, message):
    with pytest.raises(SlidesError, match=message) as error:
        deck(slide(body)).page()
    assert str(error.value).startswith("workshop/slides.md, line ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Note:\nSay it.", "", "line 12: the slide 'Weights' has no note for the speaker"),
        (
            "{exercise: weights-2}",
            "-",
            r"the exercise weights-2; write \{exercise: weights-2\} and",
        ),
        ("{step: before}\n\n", "", "line 1: a slide before the first step"),
        ("{step: before}\n\n", "{step: before}\n{from: 90}\n", r"before the step's first slide"),
        ("Say it.", "Say 0.9876.", "says 0.9876, which no output"),
        ("Three numbers.", "Three numbers, 0.77 too.", "line 21: says 0.77"),
        ("## Weights", "## 0.4321", "line 12: says 0.4321"),
    ],
)
def test_a_deck_that_lacks_something_is_refused(old, new, message):
    text = slide("x")
    assert old in text
    with pytest.raises(SlidesError, match=message):
        deck(text.replace(old, new, 1)).page()


def test_a_step_without_a_slide_is_refused():
    with pytest.raises(SlidesError, match="has no slide for the step 'weights'"):
        deck(START)


def test_a_quoted_chapter_proves_numbers_too():
    with pytest.raises(SlidesError, match=r"says 0\.4645"):
        deck(slide("One loss is 0.4645."))
    assert deck(slide("One loss is 0.4644.\n\n{output: 16_rosetta#puzzle}")).page()


def test_html_in_the_source_stays_text():
    assert "<script>" not in section("<script>alert(1)</script>")


def test_a_mistake_is_printed_and_stops_make(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slides, "build", lambda *_: source.fail(3, "no"))
    assert slides.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == "workshop/slides.md, line 3: no\n"
