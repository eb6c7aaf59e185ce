"""The workshop's slides in Chromium: what can be read from the back row, in every cut, by everyone.

`make slides` builds them, `make browser` runs these tests.
"""

import re
from collections import Counter
from itertools import pairwise

import pytest

from tools.website import server as pages_server

PAGE = pages_server.SITE / "slides/index.html"
BEAMER = {"width": 1280, "height": 720}
CUTS = ("90", "half", "day")
# Words of 28 px, code of 22; the mark above a step's first slide may be smaller. Letters of an
# index are what the font makes them.
MEASURE = """() => {
  const slide = Reveal.getCurrentSlide(), box = slide.querySelector(".slide, .title"), found = [];
  const say = (what, e) => found.push(`${slide.id}: ${what}: ${(e.textContent || e.alt || "")
    .trim().slice(0, 60)}`);
  if (box.scrollWidth > 1280 || box.scrollHeight > 720)
    say(`${box.scrollWidth} x ${box.scrollHeight} px`, box);
  for (const e of box.querySelectorAll("*")) {
    const at = e.getBoundingClientRect();
    if (at.width && (at.left < 60 || at.right > 1220 || at.top < 12 || at.bottom > 680))
      say(`from ${Math.round(at.left)}, ${Math.round(at.top)} to ${Math.round(at.right)}, `
        + `${Math.round(at.bottom)} px`, e);
  }
  for (const pre of box.querySelectorAll("pre"))
    if (pre.scrollWidth > pre.clientWidth || pre.scrollHeight > pre.clientHeight)
      say("clipped code", pre);
  for (const img of box.querySelectorAll("img"))
    if (!img.naturalWidth || Math.min(img.clientWidth / img.naturalWidth,
      img.clientHeight / img.naturalHeight) < 1.4) say("a picture with small letters", img);
  const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, around = node.parentElement;
    if (!node.textContent.trim() || around.closest(".mark")) continue;
    const letters = around.closest("math") ?? around;
    const size = parseFloat(getComputedStyle(letters).fontSize);
    if (size < (around.closest("code") ? 22 : 28)) say(`${size} px`, around);
  }
  return found;
}"""


@pytest.fixture
def deck(site, open_page):
    """Open the deck, with an address's end such as `?cut=90`."""
    assert PAGE.is_file(), "no slides in _build/html/slides; build them with: make slides"

    def opened(end="", **options):
        page = open_page(**{"viewport": BEAMER, "reduced_motion": "reduce", **options})
        page.goto(f"{site}/slides/index.html{end}")
        if options.get("java_script_enabled", True):
            page.wait_for_function("Reveal.isReady()")
        return page

    return opened


def every_slide(page):
    """Go through the slides; yield the id of each."""
    for number in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(f"Reveal.slide({number})")
        yield page.evaluate("Reveal.getCurrentSlide().id")


def sections():
    """Each slide's id and cuts, as the file says them."""
    html = PAGE.read_text(encoding="utf-8")
    return re.findall(r'<section id="([^"]+)" data-cuts="([^"]+)"', html)


def test_nothing_overflows_and_all_can_be_read_from_the_back_row(site, deck):
    page = deck()
    assert page.evaluate("Reveal.getScale()") == 1
    seen, problems = [], []
    for name in every_slide(page):
        seen.append(name)
        problems += page.evaluate(MEASURE)
    assert seen == [name for name, _ in sections()]
    assert problems == []
    assert page.errors == []
    assert [url for url in page.requests if not url.startswith((f"{site}/slides/", "data:"))] == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("box.innerHTML += '<p>one line too many</p>'.repeat(9)", "1280 x"),
        ("box.querySelector('pre').textContent = 'x'.repeat(120)", "clipped code|from 64"),
        ("box.querySelector('h2').style.fontSize = '20px'", "20 px: "),
        ("box.querySelector('pre').style.fontSize = '18px'", "18 px: "),
        (
            'box.innerHTML += \'<figure><img src="gone.png" alt=""></figure>\'',
            "a picture with small letters",
        ),
    ],
)
def test_a_slide_that_cannot_be_read_is_found(change, problem, deck):
    page = deck("#/weights-2")
    assert page.evaluate(MEASURE) == []
    page.evaluate(f"{{ const box = Reveal.getCurrentSlide().firstElementChild; {change} }}")
    assert any(re.search(problem, fault) for fault in page.evaluate(MEASURE))


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_has_its_slides_alone_and_counts_them(cut, deck):
    wanted = [name for name, cuts in sections() if cut in cuts.split()]
    page = deck(f"?cut={cut}")
    assert list(every_slide(page)) == wanted
    assert page.locator(".slide-number").inner_text().split() == [
        *(str(len(wanted)), "/", str(len(wanted)))
    ]
    assert page.evaluate("Reveal.getProgress()") == 1
    shown = page.locator("[data-cuts]").evaluate_all("all => all.map(e => e.dataset.cuts)")
    assert all(cut in cuts.split() for cuts in shown)
    assert page.locator(".cuts a[aria-current]").get_attribute("href") == f"?cut={cut}"
    assert page.errors == []


def test_exercises_are_those_of_the_cut(deck):
    counted = Counter()
    for cut in CUTS:
        page = deck(f"?cut={cut}")
        counted[cut] = page.locator(".exercises > li").count()
    assert counted["90"] < counted["half"] < counted["day"]


def test_another_word_shows_all_slides(deck):
    assert deck("?cut=week").evaluate("Reveal.getTotalSlides()") == len(sections())


@pytest.mark.parametrize("cut", ["90", "day"])
def test_a_cut_prints_a_page_for_each_slide(cut, deck):
    page = deck(f"?print-pdf&cut={cut}")
    page.locator(".pdf-page").first.wait_for()
    wanted = sum(cut in cuts.split() for _, cuts in sections())
    heights = page.locator(".pdf-page").evaluate_all("all => all.map(e => e.offsetHeight)")
    assert len(heights) == wanted
    assert set(heights) <= {719, 720}
    numbers = page.locator(".slide-number-pdf").all_inner_texts()
    assert [text.split()[0] for text in numbers] == [str(n + 1) for n in range(wanted)]


def test_axe_finds_no_violation(deck, axe):
    page, problems = deck(), []
    page.evaluate(axe)
    run = "axe.run(%s, {resultTypes: ['violations']}).then(found => found.violations)"
    assert page.evaluate(run % "document") == []  # with its first slide
    for name in every_slide(page):
        found = page.evaluate(run % "Reveal.getCurrentSlide()")
        problems += [f"{name}: {one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]
    assert problems == []


def test_without_scripts_it_is_one_long_page(deck):
    page = deck(java_script_enabled=False)
    assert page.locator("section:visible").count() == len(sections())
    assert page.locator("section :is(h1, h2):visible").count() == len(sections())
    assert page.locator("aside.notes:visible").count() == len(sections())
    boxes = page.locator("section").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(b => [b.top, b.bottom])"
    )
    for (_, bottom), (top, _) in pairwise(boxes):
        assert top >= bottom
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_speaker_has_notes_in_a_window_of_its_own(deck):
    page = deck("?cut=half#/weights")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    window = opened.value
    window.locator(".speaker-controls-notes .value", has_text="absolute errors").wait_for()
    assert "A full day" not in window.locator(".speaker-controls-notes .value").inner_text()
    frame = window.frame_locator("#current-slide iframe").locator("section.present h2")
    assert frame.inner_text() == "Weights"


def test_the_file_alone_does_the_same(open_page):
    """As in the zip for rooms without a network: no server, notes too."""
    page = open_page(viewport=BEAMER)
    page.goto(f"{PAGE.as_uri()}?cut=half#/weights")
    page.wait_for_function("Reveal.isReady()")
    assert page.evaluate(MEASURE) == []
    load = """document.fonts.load('16px "Lossbook Math"').then((found) => found.length)"""
    assert page.evaluate(load) == 1
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("absolute errors").wait_for()
    page.keyboard.press("ArrowRight")
    notes.get_by_text("the sum was divided by four").wait_for()
    assert page.errors == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []


def test_the_keyboard_leads_through_and_nothing_moves(deck):
    page = deck()
    first = page.evaluate("Reveal.getCurrentSlide().id")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.evaluate("Reveal.getIndices().h") == 2
    page.wait_for_url(f"**#/{sections()[2][0]}")
    page.keyboard.press("Home")
    assert page.evaluate("Reveal.getCurrentSlide().id") == first
    moving = page.evaluate("""() => [...document.querySelectorAll(".reveal, .reveal *")]
      .map(e => getComputedStyle(e))
      .filter(look => look.animationName !== "none" || (look.transitionProperty !== "none"
        && look.transitionDuration.split(",").some(part => parseFloat(part) > 0))).length""")
    assert moving == 0


def test_titles_and_language_are_said(deck):
    page = deck()
    assert page.title() == "The Loss Book: a workshop"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1
    assert page.locator("img:not([alt])").count() == 0
