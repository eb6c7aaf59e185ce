"""What a reader stumbled over once: text that was cut, that touched, or that was marked in vain."""

import io

import pytest
from PIL import Image

PHONE = {"width": 390, "height": 844}
CUT = """selector => [...document.querySelectorAll(selector)]
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim().slice(0, 60))"""


def test_the_words_of_a_search_are_marked_in_the_article_alone(site, browser_page):
    page = browser_page
    page.goto(f"{site}/book/06_reduction.html")
    page.keyboard.press("Control+k")
    page.locator("#search-dialog input").fill("loss function")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    page.locator("#search-results li a").first.click()
    page.locator("article .highlighted").first.wait_for(state="attached")
    assert page.locator(".highlighted").count() == page.locator("article .highlighted").count()


@pytest.mark.parametrize("name", ["13_your_model", "05_weights", "10_mean_of_means"])
def test_what_code_printed_is_not_cut_on_a_desk(name, site, browser_page):
    browser_page.goto(f"{site}/book/{name}.html")
    cut = browser_page.evaluate(CUT, ".cell_output .output.stream pre")
    assert [text for text in cut if not text.startswith("InvalidArgumentError")] == []


def test_the_captions_of_the_sidebar_keep_away_from_its_edge(site, browser_page):
    browser_page.goto(f"{site}/book/index.html")
    ends = browser_page.evaluate("""() => {
      const edge = document.querySelector("#chapters").getBoundingClientRect().right;
      return [...document.querySelectorAll(".parts .caption, .parts a")].map(e => {
        const range = document.createRange();
        range.selectNodeContents(e);
        return edge - Math.max(...[...range.getClientRects()].map(box => box.right));
      });
    }""")
    assert min(ends) >= 8


@pytest.mark.parametrize("width", [390, 1280])
def test_the_map_has_room_for_its_words(width, site, open_page):
    page = open_page(viewport={"width": width, "height": 844})
    page.goto(f"{site}/book/map.html")
    room = page.evaluate("""() => {
      const boxes = selector => [...document.querySelectorAll(selector)].map(e =>
        e.getBoundingClientRect());
      const pills = boxes(".lb-pill"), unit = pills[0].width / 52;
      const lines = [...boxes(".lb-name"), ...boxes(".lb-does")];
      const beside = (line, pill) => line.bottom > pill.top && line.top < pill.bottom;
      return [
        ...lines.flatMap(line => pills.filter(pill => beside(line, pill)).map(pill =>
          (pill.left - line.right) / unit)),
        ...boxes(".lb-chapter").map((text, i) => (pills[i].width - text.width) / 2 / unit)];
    }""")
    assert min(room) >= 4


def test_a_folded_cell_says_what_it_holds(site, browser_page):
    for name, words in (("01_one_number", {"Setup"}), ("15_atlas", {"Setup", "Plot"})):
        browser_page.goto(f"{site}/book/{name}.html")
        told = browser_page.locator("details.hide > summary").all_inner_texts()
        assert words <= {text.strip() for text in told} <= {"Setup", "Plot", "Code"}


def test_a_phone_shows_three_columns_and_says_where_there_are_more(site, open_page):
    page = open_page(viewport=PHONE)
    page.goto(f"{site}/book/05_weights.html")
    tables = page.locator("article .scrolls").all()
    columns = [table.locator("thead tr").first.locator("th, td").count() for table in tables]
    assert {3, 4} <= set(columns)
    for table, count in zip(tables, columns, strict=True):
        table.scroll_into_view_if_needed()
        wide = table.evaluate("e => e.scrollWidth > e.clientWidth + 1")
        assert not (wide and count <= 3)
        if wide:
            page.wait_for_function(
                "e => e.classList.contains('lb-more')", arg=table.element_handle()
            )
            table.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
            page.wait_for_function(
                "e => !e.classList.contains('lb-more')", arg=table.element_handle()
            )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["01_one_number", "06_reduction", "09_epochs", "16_rosetta"])
def test_a_picture_has_the_paper_of_its_page(name, scheme, site, open_page):
    page = open_page(color_scheme=scheme)
    page.goto(f"{site}/book/{name}.html")
    pictures = page.locator("article .cell_output img").all()
    assert pictures
    for picture in pictures:
        picture.evaluate("e => { e.loading = 'eager'; return e.decode(); }")
        shown = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
        assert shown.getpixel((3, 3)) == {"light": (255, 255, 255), "dark": (18, 22, 28)}[scheme]
