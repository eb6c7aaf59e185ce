"""The site's search: what people type into its box leads to the page that answers it."""

import re
from pathlib import Path

import pytest

from lossbook._audit import HAZARDS
from tests.browser.search.searches import PASTED, SEARCHES

LINES = Path(__file__).with_name("wordings.txt").read_text(encoding="utf-8").splitlines()
WORDINGS = [line.split(" | ") for line in LINES if not line.startswith("#")]
CASES = [(words, pages) for pages, wordings in SEARCHES.items() for words in wordings]
BOX = "main input[name=q]"  # another one is in the dialog of Ctrl + K
FIRST = "#search-results ul.search li a"
RANKED = """words => Search._performSearch(Search._parseQuery(words)[0]).reverse()
  .map(([page, , anchor]) => page + ".html" + anchor)"""
SNAPSHOTS = Path(__file__).parents[2] / "unit/audit/__snapshots__/test_audit.ambr"


def page_of(link):
    """Return "04_masks" for a link to a page of the book, with or without an anchor."""
    return re.search(r"book/(\w+)\.html", link).group(1)


def results(page):
    page.wait_for_selector(FIRST)
    return [link.get_attribute("href") for link in page.query_selector_all(FIRST)]


@pytest.fixture(scope="module")
def box(site, browser):
    """The links that the search page shows for words, the best first; asked of its own script."""
    page = browser.new_page()
    page.route(lambda url: not url.startswith(site), lambda route: route.abort())
    page.goto(f"{site}/search.html?q=mask")
    results(page)  # the index is there
    yield lambda words: page.evaluate(RANKED, words)
    page.close()


@pytest.mark.parametrize("words", ["weight decay", "how are the losses combined", "EinsumDense"])
def test_the_box_shows_what_the_script_ranks(site, browser_page, box, words):
    browser_page.goto(f"{site}/search.html")
    browser_page.fill(BOX, words)
    with browser_page.expect_navigation(wait_until="commit"):
        browser_page.press(BOX, "Enter")
    ranked = box(words)
    browser_page.wait_for_function(
        "([list, count]) => document.querySelectorAll(list).length === count",
        arg=[FIRST, len(ranked)],
    )
    assert results(browser_page) == ranked
    assert browser_page.errors == []


@pytest.mark.parametrize(("words", "pages"), CASES, ids=[words for words, _ in CASES])
def test_the_right_page_comes_first(box, words, pages):
    found = box(words)
    assert page_of(found[0]) in pages, found[:4]


def test_other_wordings_lead_to_the_page_and_to_the_section(box):
    pages_missed, sections_missed = [], []
    for words, pages, sections in WORDINGS:
        found = [link.rpartition("book/")[2] for link in box(words)[:2]]
        anchors = [link.partition("#")[2] for link in found]
        wanted = sections.split()
        right = [any(part in a for part in wanted) if a else "." in wanted for a in anchors]
        if not right[0] and not found[0].startswith(tuple(pages.split())):
            pages_missed.append((words, found))
        if not any(right):
            sections_missed.append((words, found))
    assert len(pages_missed) <= 0.1 * len(WORDINGS), pages_missed
    assert len(sections_missed) <= 0.05 * len(WORDINGS), sections_missed


@pytest.mark.parametrize("width", [390, 1280])
def test_the_results_stand_below_one_another(site, browser_page, width):
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.goto(f"{site}/search.html?q=class+weights+segmentation")
    results(browser_page)
    boxes = [link.bounding_box() for link in browser_page.query_selector_all(FIRST)]
    assert len({box["x"] for box in boxes}) == 1
    tops = [box["y"] for box in boxes]
    assert tops == sorted(set(tops))
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_question_is_asked_in_several_wordings():
    assert len(SEARCHES) >= 12
    questions = [wordings for wordings in SEARCHES.values() if len(wordings) > 1]
    assert len(questions) == 12
    assert min(len(wordings) for wordings in questions) >= 6


def test_a_result_leads_to_the_section(box):
    assert box("is padding counted in the loss")[0].endswith("04_masks.html#did-my-mask-survive")
    assert box("weight decay")[0].endswith("#weight-decay-is-not-in-the-loss")


@pytest.mark.parametrize("run", PASTED)
def test_a_message_pasted_whole_leads_to_its_finding(box, run):
    text = SNAPSHOTS.read_text(encoding="utf-8")
    printed = re.search(r"\[" + run + r"\]\n  '{3}\n(.+?)\n  '{3}", text, re.DOTALL)[1]
    code = re.search(r"^ +([a-z\d-]+), \d\d_\w+\.ipynb", printed, re.MULTILINE)[1]
    message = printed.splitlines()[0].partition(": ")[2]
    assert box(message)[0].endswith(f"findings.html#{code}")


def test_every_code_leads_to_its_finding(box):
    for code in HAZARDS:
        assert box(code)[0].endswith(f"findings.html#{code}"), code


@pytest.mark.parametrize(
    ("words", "section"),
    [
        ("padding tokens dominate my loss", "04_masks.html#did-my-mask-survive"),
        ("multi GPU loss is divided", "10_mean_of_means.html#replicas-the-loss-on-several-gpus"),
        (
            "loss goes down when I raise batch size",
            "10_mean_of_means.html#why-does-the-loss-change-with-the-batch-size",
        ),
        ("Dice per image", "10_mean_of_means.html#dice-per-batch-dice-per-image"),
        ("gradient accumulation", "10_mean_of_means.html#gradient-accumulation"),
    ],
)
def test_a_phrase_lands_on_its_own_section(box, words, section):
    assert box(words)[0].endswith(section)


def test_a_word_of_the_text_alone_is_found(box):
    assert page_of(box("EinsumDense")[0]) == "04_masks"


def test_a_word_that_every_object_of_javascript_has_is_a_word(box):
    assert box("constructor") == box("zzzz constructor")


@pytest.mark.parametrize("slip", ["regularizaton", "perplexxity", "accumualtion", "tverski"])
def test_a_slip_of_the_keyboard_finds_what_was_meant(box, slip):
    meant = {"r": "regularization", "p": "perplexity", "a": "accumulation", "t": "tversky"}
    assert box(slip)[:2] == box(meant[slip[0]])[:2]


def test_search_from_a_chapter_by_keyboard(site, browser_page):
    page = browser_page
    page.goto(f"{site}/book/05_weights.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("gradient accumulation")
    with page.expect_navigation(wait_until="commit"):
        page.keyboard.press("Enter")
    assert page_of(results(page)[0]) == "10_mean_of_means"
    page.click(FIRST)
    page.wait_for_url("**/10_mean_of_means.html**")


def test_nothing_is_found_for_what_is_not_there(site, browser_page):
    browser_page.goto(f"{site}/search.html?q=qwertzuiop")
    browser_page.wait_for_selector("#search-results .search-summary:not(:empty)")
    assert browser_page.query_selector(FIRST) is None
    assert browser_page.errors == []
