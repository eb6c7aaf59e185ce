"""The upgrade adviser of chapter 15: all that it shows is what `lossbook.atlas.moved` says."""

import json
import random

import pytest

from lossbook.atlas import USES, moved, releases
from lossbook.atlas import _moved as words
from tests.browser.walk import SET, walk
from tools.sphinx_extensions.upgrade_adviser import data

ASKED, SEED, KIB = 240, 20261129, 1024
PAGE = "book/15_atlas.html"
# [said, [[heading, [[changed in, why, [[key, title, old, new], ...], said of it, code], ...]]]]
READ = """e => {
  const text = (node) => node?.textContent ?? "";
  const found = [];
  for (const node of e.querySelector("[role=status]").nextSibling.children) {
    if (node.localName === "p") { found.push([text(node), []]); continue; }
    const [changed, why] = [...node.querySelector("p").childNodes].filter(n => n.nodeType === 3);
    const rows = [...node.querySelectorAll("tbody tr")].map((row) =>
      [...row.querySelectorAll("code, small, td")].map(text));
    const code = node.querySelector("pre");
    const said = text((code ?? node.lastElementChild.nextSibling ?? node).previousElementSibling);
    found.at(-1)[1].push([text(changed), text(why), rows,
      code ? said : text(node.lastElementChild), text(code)]);
  }
  return [text(e.querySelector("[role=status]")), found];
}"""


def expected(from_, to, uses):
    """Return the same of `moved`, by its own grouping."""
    found = moved(from_, to, uses)
    groups = []
    for used, moves in found.by_use().items():
        *first, last = [USES[name] for name in used] or ["nothing of all this"]
        heading = f"With {', '.join(first)} and {last}" if first else f"With {last}"
        blocks = {}
        for one in moves:
            blocks.setdefault((one.since, one.why, one.way_back), []).append(one)
        shown = []
        for (since, why, code), same in blocks.items():
            rows = [[m.key, m.title, words.shown(m.old), words.shown(m.new)] for m in same]
            none = all(m.old is None for m in same)
            said = words.NO_OLD_NUMBER if none else words.NO_WAY_BACK
            changed = f"Changed in {', then in '.join(since)}."
            shown.append([changed, why, rows, words.way_back_with() if code else said, code])
        groups.append([heading, shown])
    return [f"{len(found.moves)} of {found.compared} recorded numbers moved.", groups]


@pytest.fixture
def adviser(site, browser_page):
    browser_page.goto(f"{site}/{PAGE}")
    found = browser_page.locator("lossbook-moved")
    found.locator("form").wait_for(state="attached")
    yield found
    assert browser_page.errors == []


def asking(from_, to, uses):
    """Return the end of the address that asks so, as a link has it."""
    return f"moved={from_}~{to}~{'.'.join(uses)}"


def test_random_pairs_show_what_lossbook_says(adviser):
    draw, seen = random.Random(SEED), 0
    asked = [("tf.keras-2.4.4", "keras-3.15.1", list(USES)), ("keras-3.8.0", "keras-3.8.0", [])]
    for _ in range(ASKED):
        from_, to = draw.sample(releases(), 2)
        asked.append((from_, to, draw.sample(list(USES), draw.randint(0, len(USES)))))
    read = walk(adviser.page, "lossbook-moved", READ, [asking(*one) for one in asked])
    for one, shown in zip(asked, read, strict=True):
        assert shown == expected(*one), one
        seen += len(shown[1])
    assert seen > 500


def test_each_pair_of_releases(adviser):
    """The script's own answers for every pair, counted; all uses."""
    counts = adviser.evaluate(
        """e => { const { from, to, uses } = e.form.elements, found = [];
        for (const box of uses) box.checked = true;
        for (const a of from.options) for (const b of to.options) {
          from.value = a.value; to.value = b.value; e.show();
          found.push(parseInt(e.said.textContent));
        } return found; }"""
    )
    pairs = [(a, b) for a in releases() for b in releases()]
    assert counts == [len(moved(*pair).moves) for pair in pairs]


def test_it_begins_with_the_table_that_stood_there(adviser, site, open_page):
    plain = open_page(java_script_enabled=False)
    plain.goto(f"{site}/{PAGE}")
    static = plain.locator("lossbook-moved")
    keys = static.locator("tbody th").all_inner_texts()
    live = adviser.locator("tbody th code").all_inner_texts()
    assert keys == live and len(keys) > 5
    assert static.locator("select, input").count() == 0
    assert static.locator("pre").first.inner_text() == adviser.locator("pre").first.inner_text()
    assert adviser.evaluate("e => [...e.querySelectorAll('input:checked')].map(i => i.value)") == [
        "mask"
    ]


def test_the_keyboard_alone_asks_and_the_answer_is_announced(adviser):
    page = adviser.page
    said = adviser.get_by_role("status")
    assert said.get_attribute("aria-live") == "polite"
    adviser.get_by_label("You left").focus()
    page.keyboard.type("keras-2.2.4")
    page.keyboard.press("Tab")
    page.keyboard.type("keras-2.3.1")
    focused = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(focused) != "none"
    for _ in range(2):
        page.keyboard.press("Tab")  # mask, then sample weights
    assert page.evaluate(focused) != "none"
    page.keyboard.press("Space")
    wanted = expected("keras-2.2.4", "keras-2.3.1", ["mask", "sample_weight"])
    assert adviser.evaluate(READ) == wanted
    assert said.inner_text() == wanted[0]
    assert page.url.endswith("#moved=keras-2.2.4~keras-2.3.1~mask.sample_weight")


def test_an_address_sets_it_and_a_wrong_one_is_said(adviser, site, open_page):
    there = open_page()
    there.goto(f"{site}/{PAGE}#moved=keras-3.13.2~keras-3.14.1~penalties")
    found = there.locator("lossbook-moved")
    found.locator("form").wait_for(state="attached")
    assert found.evaluate(READ) == expected("keras-3.13.2", "keras-3.14.1", ["penalties"])
    assert there.evaluate("scrollY") > 0
    there.evaluate(SET, asking("keras-9", "keras-3.14.1", []))
    assert found.get_by_role("status").inner_text() == (
        "This link names no release that was recorded."
    )


def test_what_it_loads_is_small():
    assert len(json.dumps(data(), ensure_ascii=False, separators=(",", ":")).encode()) <= 40 * KIB
