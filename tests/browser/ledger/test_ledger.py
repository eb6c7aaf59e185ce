"""The interactive ledger in a browser: every number it shows is lossbook's, by hand or by link."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lossbook._interact.ledger import brief, fraction, scalar
from lossbook._interact.state import RULES, parse, rule_of
from lossbook.reduction import REDUCTIONS
from tests.browser.ledger.cases import EDGES, EIGHT, FOUR, READ, compare, draw, expected
from tests.browser.walk import SET, walk

STATES, SEED = 240, 20261122


@pytest.fixture
def ledger(site, browser_page):
    """The page's ledger; `ledger.read()` is all that it shows."""
    browser_page.goto(f"{site}/book/ledger.html")
    found = browser_page.locator("lossbook-ledger")
    found.locator("#rule").wait_for(state="attached")
    found.read = lambda: json.loads(found.evaluate(f"e => JSON.stringify(({READ})(e))"))
    yield found
    assert browser_page.errors == []


def open_state(ledger, text):
    """Set a state through the address, as a link does, and wait until it is shown."""
    ledger.page.evaluate(SET, f"ledger={text}")


def test_random_states_show_what_lossbook_computes(ledger):
    rng, refused = np.random.default_rng(SEED), 0
    states = [*(draw(rng) for _ in range(STATES)), *map(parse, EDGES)]
    texts = [f"ledger={replace(state, rule=rule_of(state.rule)).text()}" for state in states]
    read = walk(ledger.page, "lossbook-ledger", READ, texts)
    for state, text, shown in zip(states, texts, read, strict=True):
        assert shown["said"] == ""
        try:
            refused += compare(shown, state)
        except AssertionError as error:
            raise AssertionError(text) from error
        # What was read is what a link to it says again.
        again = parse(shown["link"].split("#ledger=")[1])
        for name in ("losses", "weight", "mask"):
            left, right = getattr(again, name), getattr(state, name)
            if name == "mask" and (right is None or right.all()):
                assert left is None
            else:
                np.testing.assert_equal(left, right)
        assert (again.rule, again.reduction) == (rule_of(state.rule), state.reduction)
    assert STATES / 5 < refused < STATES * 4 / 5


def test_the_budget_bar_is_heard(ledger):
    heard = ledger.locator("figure").first.aria_snapshot()
    assert heard.startswith("- 'figure \"1/2 of the budget stays empty"), heard
    assert "- 'img \"Budget bar of the coefficients: 0 takes 1/4; 1 takes 1/4; 2 takes 0, " in heard


def test_it_begins_with_the_table_that_stood_there(ledger, site, open_page):
    """Without JavaScript the table is there, with the same numbers, and nothing else."""
    plain = open_page(java_script_enabled=False)
    plain.goto(f"{site}/book/ledger.html")
    table = plain.locator("lossbook-ledger table")
    heads = table.locator("thead th").all_inner_texts()
    rows = [tr.locator("th, td").all_inner_texts() for tr in table.locator("tbody tr").all()]
    total = plain.locator("lossbook-ledger p").inner_text()
    assert plain.locator("lossbook-ledger input, lossbook-ledger button").count() == 0
    shown = ledger.read()
    assert total.startswith("total = " + shown["by"].split("divided")[0])
    assert total.endswith(f" = {shown['scalar']}")
    for row, live in zip(rows, shown["rows"], strict=True):
        by_head = dict(zip(heads, row, strict=True))
        for name, cell in live.items():
            assert by_head[name] == cell["text"]


def test_the_keyboard_alone_reaches_and_changes_everything(ledger):
    page = ledger.page
    open_state(ledger, FOUR)
    focused = "document.activeElement?.shadowRoot?.activeElement"
    name = f"{focused} && ({focused}.ariaLabel ?? {focused}.id)"
    page.locator("#rule").focus()
    walked = []
    while (here := page.evaluate(name)) and len(walked) < 40:
        assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") != "none", here
        walked.append(here)
        page.keyboard.press("Tab")
    in_rows = [
        label
        for i, mask in enumerate(["True"] * 4)
        for label in (f"{mask}, mask, sample {i}", f"loss, sample {i}", f"weight, sample {i}")
    ]
    # The axis of the classes is hidden: there is none.
    last = ["saw", "link", "copy", "again", "size"]
    assert walked == ["rule", "reduction", "shape", *in_rows, *last]

    page.locator("#rule").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the mask of sample 0
    shown = ledger.read()
    assert shown["rows"][0]["mask"]["text"] == "False"
    assert (shown["scalar"], shown["by"].split("divided")[0]) == ("0.1333", "0.4000 / 3")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("0,8")  # the loss of sample 1
    assert ledger.read()["scalar"] == "0.2667"
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("1/2")  # its weight
    assert ledger.read()["scalar"] == "0.1333"
    page.locator("#rule").focus()
    page.keyboard.type("Keras 2.2.0")
    shown = ledger.read()
    assert shown["rule"] == "keras-2.2"
    # Two of four weights are not 0, so 1/2 counts as 1; the mask keeps three values.
    assert shown["scalar"] == brief(0.8 / 3)
    page.locator("#reduction").focus()
    page.keyboard.type("mean")
    shown = ledger.read()
    assert shown["scalar"] == "it has no reduction mean"
    assert "refuses" in ledger.locator("output").inner_text()


def matching(state, text):
    """The (rule, reduction) that give a printed number by lossbook, and those on the edge."""
    number, half = float(text), 0.5 * 10.0 ** -len(text.partition(".")[2])
    sure, perhaps = set(), set()
    for rule in RULES:
        for reduction in (*REDUCTIONS, "batchmean"):
            if reduction in ("none", None):
                continue
            right = expected(replace(state, rule=rule, reduction=reduction))
            if right is None:
                continue
            off = abs(float(right["total"]) - number)
            rounding = 2e-6 * np.abs(right["contributions"]).sum()
            if off <= half + 2 * rounding + 1e-12:
                perhaps.add((rule, reduction))
            if off <= half:
                sure.add((rule, reduction))
    return sure, perhaps


def test_it_finds_the_rules_that_printed_a_number(ledger):
    """All of them, and no other, as lossbook computes; what `identify` names is among them."""
    rng, done = np.random.default_rng(SEED), 0
    while done < 60:
        state = draw(rng)
        right = expected(state)
        if right is None or state.reduction == "none" or not np.isfinite(state.losses).all():
            continue
        if not 1e-3 < abs(float(right["total"])) < 1e4:
            continue
        done += 1
        open_state(ledger, replace(state, rule=rule_of(state.rule)).text())
        text = f"{float(right['total']):.4f}"
        ledger.locator("#saw").fill(text)
        found = {tuple(way) for _, ways in ledger.read()["who"] for way in ways}
        sure, perhaps = matching(state, text)
        assert (rule_of(state.rule), state.reduction) in found
        assert sure <= found <= perhaps, (state.text(), text)


def test_a_number_that_was_printed_leads_to_its_rule(ledger):
    open_state(ledger, FOUR)
    saw = ledger.get_by_label("Which rule printed my number")
    saw.fill("0.3")
    who = ledger.read()["who"]
    formulas = [how for how, _ in who]
    assert "0.6000 / 2, divided by the sum of the weights: " in formulas
    assert ["pytorch", "mean"] in [way for _, ways in who for way in ways]
    ledger.get_by_role("button", name="Keras 2.2.0 to 2.2.4").click()
    shown = ledger.read()
    assert (shown["rule"], shown["scalar"], shown["was"]) == ("keras-2.2", "0.3000", "0.1500")
    open_state(ledger, FOUR)
    saw.fill("0.9000")  # (0.2 + 0.4 + 1 + 2) / 4
    (how, _), *_ = ledger.read()["who"]
    assert how == "The weights were forgotten: 3.600 / 4, divided by the number of all values: "
    saw.fill("0.0750")
    assert ledger.read()["who"][0][0].startswith("A factor of 1/2 came in: 0.6000 / 4")
    saw.fill("7.77")
    ((how, _),) = ledger.read()["who"]
    assert how.startswith("No rule and no usual slip gives that here. The nearest is ")
    saw.fill("abc")
    assert ledger.read()["who"] == [] and saw.get_attribute("aria-invalid") == "true"


def test_every_edit_is_in_the_address_and_comes_back_with_it(ledger, site, open_page):
    page = ledger.page
    open_state(ledger, EIGHT)
    ledger.get_by_role("button", name="True, mask, sample 0 position 1").click()
    ledger.get_by_label("class 1, sample 0 position 0").fill("2.5")
    ledger.locator("#shape").select_option("2x2")
    ledger.get_by_label("weight, sample 1 position 0").fill("0")
    ledger.locator("#reduction").select_option("mean_with_sample_weight")
    ledger.locator("#axis").select_option("sum")
    there = open_page()
    there.goto(page.url)
    there.locator("lossbook-ledger #rule").wait_for(state="attached")
    copy = there.locator("lossbook-ledger").evaluate(READ)
    shown = ledger.read() | {"was": ""}  # what it was before is no part of the state
    assert copy == shown
    state = parse(page.url.split("#ledger=")[1])
    assert state.losses[0, 0, 1] == 2.5
    assert state.mask.tolist() == [[True, False], [True, False]]
    assert state.weight.tolist() == [[1, 1], [0, 2]]
    assert compare(shown, state) is False
    assert there.errors == []


def test_a_link_that_cannot_be_read_is_said_and_the_example_stays(ledger):
    before = ledger.read()
    for garbage, what in (
        ("hello", "version"),
        ("2~4~none~1_2_3_4~all~none~keras-3.15~sum", "version"),
        ("1~4~none~1_2_3_4~all~none", "length"),
        ("1~4x0~none~1~all~none~keras-3.15~sum", "shape"),
        ("1~99x99~none~1~all~none~keras-3.15~sum", "shape"),
        ("1~4~none~1_2_3~all~none~keras-3.15~sum", "losses"),
        ("1~4~none~1_2_3_<img src=x>~all~none~keras-3.15~sum", "losses"),
        ("1~4~none~1_2_3_4~11x1~none~keras-3.15~sum", "mask"),
        ("1~4~none~1_2_3_4~all~4_1_1_1_nan~keras-3.15~sum", "weights"),
        ("1~4~none~1_2_3_4~all~3_1_1_1~keras-3.15~sum", "weights"),
        ("1~4~none~1_2_3_4~all~none~constructor~sum", "rule"),
        ("1~4~none~1_2_3_4~all~none~keras-3.15~median", "reduction"),
        ("%E0%A4%A", "URI malformed"),
    ):
        open_state(ledger, garbage)
        shown = ledger.read()
        assert shown.pop("said").startswith(f"This link cannot be read ({what})"), garbage
        assert shown == {k: v for k, v in before.items() if k != "said"}


def test_what_is_no_number_is_said_and_does_not_count(ledger):
    first = ledger.read()["scalar"]
    open_state(ledger, EIGHT)
    before = ledger.read()
    loss = ledger.get_by_label("class 0, sample 0 position 0")
    loss.fill("abc")
    assert loss.get_attribute("aria-invalid") == "true"
    shown = ledger.read()
    assert shown["said"] == "“abc” is no number: 0.1000 still counts."
    assert shown["scalar"] == before["scalar"]
    loss.blur()
    assert loss.input_value() == "0.1000"
    ledger.get_by_label("weight, sample 0 position 0").fill("inf")
    assert "no number" in ledger.read()["said"]
    loss.fill("NaN")  # a loss may be: 0 · NaN is the question of many
    assert ledger.read()["scalar"] == "NaN"
    ledger.get_by_role("button", name="Start again").click()
    assert ledger.read()["scalar"] == first


def test_another_shape_keeps_the_numbers_where_they_are(ledger):
    open_state(ledger, EIGHT)
    size = ledger.locator("#size")
    size.fill("3, 2, 1")
    size.press("Enter")
    state = parse(ledger.page.url.split("#ledger=")[1])
    assert state.losses[..., 0].tolist() == [[0.1, 0.8], [0.6, 1.2], [0.1, 0.8]]
    assert state.mask.tolist() == [[True, True], [True, False], [True, True]]
    assert state.weight.tolist() == [[1], [2], [1]]
    assert compare(ledger.read(), state) is False
    for wrong in ("3", "0, 1, 1", "20, 20, 1", "x"):
        size.fill(wrong)
        size.press("Enter")
        assert ledger.read()["said"] == "A shape here is 3 numbers, 200 losses at most."
        assert size.input_value() == "3, 2, 1"


def test_the_links_of_the_page_show_the_numbers_that_stand_beside_them(ledger):
    page = ledger.page
    links = page.locator("article a[href^='#ledger=']")
    assert links.count() >= 6
    for link in links.all():
        promised = link.evaluate("a => a.parentNode.querySelector('strong').textContent")
        link.click()
        ledger.locator("output strong", has_text=promised).wait_for()
        assert ledger.read()["scalar"] == promised


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_its_targets_can_be_hit(site, open_page, width, scheme):
    page = open_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.goto(f"{site}/book/ledger.html#ledger={FOUR}")
    ledger = page.locator("lossbook-ledger")
    ledger.locator("#rule").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for field in ledger.locator("input, button, select").all():
        if field.is_visible():
            box = field.bounding_box()
            assert min(box["width"], box["height"]) >= 24, field.get_attribute("id")
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
    # The total stays in sight while the last row is edited.
    ledger.get_by_label("weight, sample 3").scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 60)")
    top = ledger.locator("output").bounding_box()["y"]
    assert 0 <= top < 844
    dark = ledger.evaluate("node => node.hasAttribute('dark')")
    assert dark == (scheme == "dark")
    assert page.errors == []


@pytest.mark.parametrize("chapter", ["01_one_number", "04_masks", "05_weights", "06_reduction"])
def test_the_chapters_load_the_script_once(site, browser_page, chapter):
    browser_page.goto(f"{site}/book/{chapter}.html")
    ledger = browser_page.locator("lossbook-ledger")
    assert ledger.get_attribute("id") == "ledger"
    assert not [url for url in browser_page.requests if "ledger.js" in url]  # it is far down
    browser_page.mouse.move(40, 50)  # the first thing that a reader does
    ledger.locator("#rule").wait_for(state="attached")
    scripts = [url for url in browser_page.requests if "ledger.js" in url]
    assert len(scripts) == 1
    assert "customElements.define" not in browser_page.content()
    ledger.locator("button[aria-pressed=true]").first.click()
    shown = ledger.evaluate(READ)
    state = parse(browser_page.url.split("#ledger=")[1])
    assert compare(shown, state) is False
    assert not [error for error in browser_page.errors if "ERR_NAME_NOT_RESOLVED" not in error]


def test_python_and_javascript_write_numbers_alike(site, browser_page):
    """The static table and the live one are written by two functions of the same name."""
    browser_page.goto(f"{site}/book/ledger.html")
    rng = np.random.default_rng(3)
    numbers = [*rng.normal(size=100) * 10.0 ** rng.integers(-8, 8, 100), 0.5, -1, 9999.4, 12345.6]
    numbers = [float(f"{x:.7g}") for x in numbers]
    text = "_".join(f"{x:.7g}".replace("e+", "e") for x in numbers)
    ledger = browser_page.locator("lossbook-ledger")
    ledger.locator("#rule").wait_for(state="attached")
    open_state(ledger, f"1~{len(numbers)}~none~{text}~all~none~keras-3.15~sum")
    shown = ledger.evaluate(READ)
    assert [row["loss"]["text"] for row in shown["rows"]] == [brief(x) for x in numbers]
    assert [row["contribution"]["text"] for row in shown["rows"]] == [brief(x) for x in numbers]
    assert shown["rows"][0]["coefficient"]["text"] == "1" == fraction(1.0)
    assert shown["scalar"] == scalar(sum(numbers))
