"""The pictures that move: every number is lossbook's, each is heard, and still without a script."""

import json
import re

import numpy as np
import pytest

from lossbook.plots._path import STAGES
from tests.browser.walk import SET, walk
from tools.sphinx_extensions.islands import forgotten, means, stages

SEED, STATES = 20261129, 200

HOME = {"stages": "index", "forgotten": "index", "means": "10_mean_of_means"}
PLACES = [*HOME.items(), ("means", "09_epochs"), ("forgotten", "01_one_number")]
READ = """host => {
  const text = node => node.textContent.trim();
  const all = selector => [...host.querySelectorAll(selector)];
  return {
    numbers: Object.fromEntries(all("[data-number]").map(b => [b.dataset.number, text(b)])),
    chosen: all("label b").map(text),
    boxes: all(".lb-canvas i").map(box => [text(box), box.className]),
    bars: all(".lb-chart i").filter(bar => !bar.hidden).map(bar =>
      [text(bar), ...["x", "w", "h"].map(name => Number(bar.style.getPropertyValue("--" + name)))]),
    points: all("circle:not([hidden])").map(dot => ["cx", "cy"].map(name =>
      Number(dot.getAttribute(name)))),
    line: all(".lb-chart b").map(text)[0], said: text(host.querySelector("figcaption")),
    spoken: host.querySelector("[role=img]").ariaLabel};
}"""


@pytest.fixture
def island(site, browser_page):
    """island(name) opens its page; `.set(state)` and `.read()` are what a link and an eye do."""

    def opened(name, page=None):
        browser_page.goto(f"{site}/book/{page or HOME[name]}.html")
        host = browser_page.locator(f"#{name}")
        browser_page.mouse.move(40, 50)
        browser_page.mouse.move(50, 60)
        browser_page.locator(f"#{name}[data-alive]").wait_for()
        host.set = lambda state: browser_page.evaluate(SET, f"{name}={state}")
        host.read = lambda: host.evaluate(READ)
        return host

    yield opened
    assert browser_page.errors == []


def check_forgotten(shown, state):
    share, found, place = state
    weight = float(f"{10 ** (place / 20):.2g}")
    right = forgotten.numbers(share, found, weight)
    out = shown["numbers"]
    assert shown["chosen"][2] == f"{weight:g}"
    for name, digits, unit in (("loss", 4, 1), ("iou", 4, 1), ("coefficients", 2, 100),
                               ("missed", 2, 100)):  # fmt: skip
        number = float(out[name].removesuffix(" %"))
        assert abs(number - unit * right[name]) <= 0.50001 * 10**-digits, (name, state)


def walked(page, name, states):
    return walk(page, f"#{name}", READ, [f"{name}={state}" for state in states])


def states_of_forgotten():
    rng = np.random.default_rng(SEED)
    draw = lambda: (rng.integers(1, 201) / 10, int(rng.integers(101)), int(rng.integers(61)))  # noqa: E731
    return [(1.1, 100, 0), (1.1, 0, 0), (20, 0, 60), *(draw() for _ in range(STATES))]


def walk_of_forgotten():
    weights = [f"{float(f'{10 ** (place / 20):.2g}'):g}" for *_, place in states_of_forgotten()]
    return [
        f"{share}_{found}_{weight}"
        for (share, found, _), weight in zip(states_of_forgotten(), weights, strict=True)
    ]


def test_the_forgotten_class_shows_what_lossbook_computes(island):
    read = walked(island("forgotten").page, "forgotten", walk_of_forgotten())
    for state, shown in zip(states_of_forgotten(), read, strict=True):
        check_forgotten(shown, state)


def states_of_means():
    rng = np.random.default_rng(SEED)
    drawn = ["".join(rng.choice(["A", "B"], 8)) for _ in range(STATES)]
    return ["AAAABBBB", "AAAAAAAA", "BBBBBBBB", *drawn]


def check_means(shown, batches, width):
    right = means.numbers(batches)
    widths = np.array(right[width]) / sum(right[width])
    assert len(shown["bars"]) == len(widths)
    start = 0
    for (text, x, w, h), loss, share in zip(shown["bars"], right["losses"], widths, strict=True):
        np.testing.assert_allclose([x, w, h], [start, share, loss / 10], atol=1e-9)
        assert float(text[2:]) == pytest.approx(loss, rel=6e-4)
        start += share
    mean = right["by_rows" if width == "rows" else "by_steps"]
    assert float(shown["line"].removeprefix("mean ")) == pytest.approx(mean, rel=6e-4)
    by_rows, by_steps = map(float, re.findall(r"\d[\d.]*", shown["said"])[:2])
    assert by_rows == pytest.approx(right["by_rows"], rel=6e-4)
    assert by_steps == pytest.approx(right["by_steps"], rel=6e-4)
    told = re.search(r"([\d.]+) too (much|little)", shown["said"])
    gap = float(told[1]) * (1 if told[2] == "much" else -1) if told else 0
    assert gap == pytest.approx(right["gap"], rel=6e-4, abs=1e-9)
    for name, key in (("covariance", "covariance"), ("held", "mean_held"), ("gap", "gap")):
        assert float(shown["numbers"][name]) == pytest.approx(right[key], rel=6e-4, abs=1e-9)
    drawn = [
        (means.across(h), means.down(x))
        for h, x in zip(right["held"], right["losses"], strict=True)
    ]
    np.testing.assert_allclose(shown["points"], drawn, atol=1e-6)


def walk_of_means():
    return [(b, ("rows", "steps")[n % 2]) for n, b in enumerate(states_of_means())]


def test_the_means_show_what_lossbook_computes(island):
    read = walked(island("means").page, "means", map("_".join, walk_of_means()))
    for state, shown in zip(walk_of_means(), read, strict=True):
        check_means(shown, *state)


def states_of_stages():
    return [*range(1, 9), *map(int, np.random.default_rng(SEED).integers(1, 9, STATES))]


def check_stages(shown, at):
    name, value = list(stages.numbers().items())[at - 1]
    assert shown["said"].startswith(f"{at} {name}: ")
    boxes = [text for text, kind in shown["boxes"][:12] if kind != "gone"]
    if np.ndim(value):
        spread = np.repeat(np.ravel(value), 12 // np.size(value))
        kept = [x for x in spread if x or name == "elementwise"]
        np.testing.assert_allclose([float(text) for text in boxes], kept, rtol=1e-3)
        return
    others = [text for text, kind in shown["boxes"] if kind == "other"]
    if name == "epochs":
        total = np.average([float(boxes[0]), float(others[0])], weights=stages.ROWS)
    else:
        total = float(boxes[0]) + sum(float(text.removeprefix("+ ")) for text in others)
    assert total == pytest.approx(value, rel=1e-3)
    results = [text for text, kind in shown["boxes"] if kind == "result"]
    assert results == ([] if name == "reduction" else [f"= {value:.4g}"])


def test_each_stage_shows_what_lossbook_computes(island):
    read = walked(island("stages").page, "stages", states_of_stages())
    for at, shown in zip(states_of_stages(), read, strict=True):
        check_stages(shown, at)
    shown["boxes"][0][0] = "9"  # a fault is noticed
    with pytest.raises(AssertionError):
        check_stages(shown, at)


@pytest.mark.parametrize(("name", "page"), PLACES)
def test_it_stands_still_without_a_script_and_has_a_table(name, page, site, open_page):
    plain = open_page(java_script_enabled=False)
    plain.goto(f"{site}/book/{page}.html")
    host = plain.locator(f"#{name}")
    assert host.locator("[role=img]").first.is_visible()
    assert not host.locator(".lb-controls").first.is_visible()
    host.locator("summary").click()
    assert host.locator("table").is_visible()


@pytest.mark.parametrize("name", HOME)
def test_it_begins_as_it_stood(name, island, site, open_page):
    plain = open_page(java_script_enabled=False)
    plain.goto(f"{site}/book/{HOME[name]}.html")
    with_script = island(name).read()
    before = plain.locator(f"#{name}").evaluate(READ)
    assert with_script["boxes"] == before["boxes"]
    assert with_script["bars"] == before["bars"] and with_script["line"] == before["line"]
    assert with_script["numbers"] == before["numbers"]
    assert with_script["chosen"] == before["chosen"]


def test_the_keyboard_alone_moves_them(island):
    host = island("stages")
    page = host.page
    host.get_by_role("slider", name="Stage").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert host.read()["said"].startswith("5 reduction: ")
    assert page.url.endswith("#stages=5")
    host.get_by_role("button", name="Back").focus()
    page.keyboard.press("Enter")
    assert host.read()["said"].startswith("4 weights: ")
    lost = page.locator("#forgotten")
    lost.get_by_label("of it is found").focus()
    page.keyboard.press("Home")
    assert lost.evaluate(READ)["numbers"]["iou"] == "0.0000"
    assert page.url.endswith("#forgotten=1.1_0_1")


def test_a_sequence_moves_to_the_other_batch(island):
    host = island("means")
    host.get_by_role("button", name="10 in B").click()
    check_means(host.read(), "AAAABBBA", "rows")
    assert host.page.url.endswith("#means=AAAABBBA_rows")
    host.get_by_label("as wide as its valid steps").check()
    check_means(host.read(), "AAAABBBA", "steps")
    host.locator(".lb-chips button").first.hover()
    host.page.mouse.down()
    host.locator(".lb-chart i").nth(1).hover(position={"x": 9, "y": 9})
    host.page.mouse.up()
    check_means(host.read(), "BAAABBBA", "steps")
    host.locator(".lb-chips button").first.press("Enter")
    check_means(host.read(), "AAAABBBA", "steps")


def test_they_are_heard_by_their_names(island):
    host = island("forgotten")
    heard = host.aria_snapshot()
    for part in (
        'img "An image of four large classes and a rare fifth one: its square covers 1.1 %',
        '- slider "The class covers 1.1 %"',
        '- slider "of it is found 23 %"',
        '- slider "weight of its pixels 1"',
    ):
        assert part in heard.replace("\u00a0", " "), heard
    heard = host.page.locator("#stages").aria_snapshot()
    for part in (
        '- button "◀ Back" [disabled]',
        '- slider "Stage 1 of 8"',
        "- strong: 1 elementwise",
        'img "Stage 1 elementwise: one loss for each of the 12 elements',
    ):
        assert part in heard, heard
    heard = island("means").aria_snapshot()
    for part in (
        'radio "as wide as its rows: what Keras reports"',
        'button "9 in B"',
        "the mean is 4.4",
    ):
        assert part in heard, heard


ENDS = """link => {
  const range = document.createRange();
  range.selectNodeContents(link);
  const { left, right } = range.getBoundingClientRect();
  return [left, right]; }"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_path_is_a_strip_of_links(width, site, open_page):
    page = open_page(viewport={"width": width, "height": 844}, java_script_enabled=False)
    page.goto(f"{site}/book/08_additional_losses.html")
    strip = page.get_by_role("navigation", name="The path of a loss")
    assert strip.bounding_box()["height"] <= 64
    links = strip.get_by_role("link").all()
    assert [link.inner_text() for link in links] == list(STAGES)
    chapters = [link.get_attribute("href")[:2] for link in links]
    assert chapters == [f"0{n}" for n in range(2, 10)]
    lit = [link.inner_text() for link in links if link.get_attribute("aria-current")]
    assert lit == ["additional losses"]
    names = [link.evaluate(ENDS) for link in links]
    for (_, end), (start, _) in zip(names, names[2:], strict=False):
        assert end < start
    assert names[0][0] >= 0 and names[-1][1] <= width
    for link in links:
        assert min(link.bounding_box()[side] for side in ("width", "height")) >= 24
    links[0].focus()
    for link in links[1:]:
        page.keyboard.press("Tab")
        assert link.evaluate("e => e === document.activeElement")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/08_additional_losses.html")
    assert strip.aria_snapshot().startswith('- navigation "The path of a loss":')


WORDS = """(host, selector) => [...host.querySelectorAll(selector)].filter(e => e.checkVisibility())
  .filter(e => e.className !== "away" && e.textContent.trim()).map(e => {
    const range = document.createRange();
    range.selectNodeContents(e);
    const { left, top, right, bottom } = range.getBoundingClientRect();
    return { box: [left, top, right, bottom], room: e.clientWidth - (right - left) }; })"""


@pytest.mark.parametrize(
    "state", ["AAAABBBB_rows", "ABABABAB_rows", "AAAAAAAA_rows", "BBAABBAA_steps"]
)
def test_words_in_the_chart_never_meet(state, site, open_page):
    page = open_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto(f"{site}/book/10_mean_of_means.html#means={state}")
    page.locator("#means[data-alive]").wait_for()
    boxes = [
        found["box"] for found in page.locator("#means").evaluate(WORDS, ".lb-chart :is(i, b)")
    ]
    assert len(boxes) == 1 + len(set(state[:8]))
    for i, (left, top, right, bottom) in enumerate(boxes):
        for x0, y0, x1, y1 in boxes[:i]:
            assert right <= x0 or x1 <= left or bottom <= y0 or y1 <= top


@pytest.mark.parametrize("stage", range(1, 9))
def test_a_phone_has_room_for_every_number_of_a_stage(stage, site, open_page):
    page = open_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto(f"{site}/book/index.html#stages={stage}")
    page.locator("#stages[data-alive]").wait_for()
    rooms = [found["room"] for found in page.locator("#stages").evaluate(WORDS, ".lb-canvas i")]
    assert rooms and min(rooms) >= 2


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(("name", "page"), PLACES)
def test_it_fits_and_can_be_hit(name, page, width, site, open_page):
    seen = open_page(viewport={"width": width, "height": 844})
    seen.goto(f"{site}/book/{page}.html#{name}=1")
    seen.locator(f"#{name}[data-alive]").wait_for()
    assert seen.evaluate("document.documentElement.scrollWidth") <= width
    for field in seen.locator(f"#{name} :is(button, input)").all():
        box = field.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert seen.errors == []


def test_a_state_that_cannot_be_read_leaves_the_picture(island):
    for name, garbage in (("means", "xyz_1"), ("forgotten", "x_y_z"), ("stages", "99")):
        host = island(name)
        host.set(garbage)
        assert "NaN" not in json.dumps(host.read())
