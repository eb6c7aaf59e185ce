"""The one script: colour mode, search box, sidebars, copying; and the focus that one sees."""

import pytest

PAGE = "book/06_reduction.html"
PHONE = {"width": 390, "height": 844}


def theme(page):
    return page.evaluate("document.documentElement.dataset.theme")


def test_the_colour_mode_follows_the_system_then_the_reader(site, open_page):
    page = open_page(color_scheme="dark")
    page.goto(f"{site}/{PAGE}")
    assert theme(page) == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    button = page.locator(".colour-mode").first
    button.click()
    assert theme(page) == "dark"
    assert button.get_attribute("aria-label") == "Color mode: dark"
    page.reload()
    assert theme(page) == "dark"
    page.locator(".colour-mode").first.click()
    assert theme(page) == "light"
    page.locator(".colour-mode").first.click()
    assert page.evaluate("document.documentElement.dataset.mode") == "auto"
    assert page.locator(".colour-mode svg:visible").count() == 1
    assert page.errors == []


def test_the_search_box_opens_by_key_and_leads_to_results(site, browser_page):
    browser_page.goto(f"{site}/{PAGE}")
    browser_page.keyboard.press("Control+k")
    field = browser_page.locator("#search-dialog input")
    assert field.is_visible()
    assert field.evaluate("e => e === document.activeElement")
    browser_page.keyboard.press("Escape")
    assert not field.is_visible()
    browser_page.locator(".open-search:visible").first.click()
    field.fill("mask")
    browser_page.keyboard.press("Enter")
    results = browser_page.locator("#search-results li a")
    results.nth(3).wait_for()  # they come one by one
    assert browser_page.locator("main input[name=q]").evaluate("e => e === document.activeElement")
    results.first.click()
    browser_page.locator("span.highlighted").first.wait_for(state="attached")
    assert browser_page.errors == []


def test_a_click_beside_the_search_box_closes_it(site, browser_page):
    browser_page.goto(f"{site}/{PAGE}")
    browser_page.keyboard.press("Control+k")
    browser_page.mouse.click(20, 700)
    assert not browser_page.locator("#search-dialog input").is_visible()


@pytest.mark.parametrize("side, inside", [("chapters", "Masks"), ("contents", "In which dtype?")])
def test_a_phone_opens_the_sidebars(side, inside, site, open_page):
    page = open_page(viewport=PHONE)
    page.goto(f"{site}/{PAGE}")
    page.locator(f".open-{side}").click()
    dialog = page.locator(f"#{side}-dialog")
    assert dialog.get_by_role("link", name=inside).first.is_visible()
    page.keyboard.press("Escape")
    page.locator(f"#{side} a").first.wait_for(state="attached")  # back in its place
    page.locator(f".open-{side}").click()
    dialog.get_by_role("link", name=inside).first.click()
    page.wait_for_url("**/04_masks.html" if side == "chapters" else "**#in-which-dtype")
    assert page.errors == []


def test_a_desk_folds_the_left_sidebar_away(site, browser_page):
    browser_page.goto(f"{site}/{PAGE}")
    bar = browser_page.locator("#chapters")
    assert bar.is_visible()
    browser_page.locator(".open-chapters").click()
    bar.wait_for(state="hidden")
    browser_page.locator(".open-chapters").click()
    bar.wait_for(state="visible")


def test_the_table_of_contents_marks_the_section(site, browser_page):
    browser_page.goto(f"{site}/{PAGE}#with-weights-and-a-mask")
    marked = browser_page.locator("#contents nav a[aria-current=true]")
    marked.wait_for()
    assert marked.inner_text() == "With weights and a mask"


def test_code_is_copied_without_what_was_printed(site, open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/{PAGE}")
    cell = page.locator("div.cell_input:visible").first
    cell.hover()
    cell.locator(".lb-copy").click()
    cell.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    shown = cell.locator("pre").inner_text().rstrip("\n")
    assert copied == shown and "Copy" not in copied
    assert page.locator(".cell_output .lb-copy").count() == 0


def test_the_keyboard_stops_at_what_scrolls_and_at_no_other_box(site, open_page):
    page = open_page(viewport=PHONE)
    page.goto(f"{site}/{PAGE}")
    box = page.locator("div.cell_input pre[tabindex]:visible").first
    box.scroll_into_view_if_needed()
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("document.activeElement.tabIndex < 0")  # here it fits


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_walks_by_tab_sees_where(scheme, site, open_page):
    """Every stop of the first thirty has an outline, and the skip link is the first."""
    page = open_page(color_scheme=scheme)
    page.goto(f"{site}/{PAGE}")
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate("""() => {
              const e = document.activeElement, look = getComputedStyle(e);
              return [e.textContent.trim(), look.outlineStyle, parseFloat(look.outlineWidth)];
            }""")
        )
    assert stops[0][0] == "Skip to main content"
    assert [stop for stop in stops if stop[1] == "none" or stop[2] < 2] == []
    assert len({stop[0] for stop in stops}) > 15


def test_reduced_motion_moves_nothing(site, open_page):
    page = open_page(reduced_motion="reduce")
    page.goto(f"{site}/{PAGE}")
    moving = page.evaluate("""() => {
      const all = [...document.querySelectorAll("*")];
      for (const e of [...all]) all.push(...(e.shadowRoot?.querySelectorAll("*") ?? []));
      const long = (text) => text.split(",").some(part => parseFloat(part) > 0);
      return all.filter(e => {
        const look = getComputedStyle(e);
        if (look.display === "") return false;  // it has no place on the page
        return look.animationName !== "none" || look.scrollBehavior === "smooth"
          || (look.transitionProperty !== "none" && long(look.transitionDuration));
      }).map(e => e.tagName + "." + e.className);
    }""")
    assert moving == []


def test_formulas_are_drawn_in_the_books_font(site, browser_page):
    browser_page.goto(f"{site}/{PAGE}", wait_until="networkidle")
    assert browser_page.evaluate("document.fonts.check('16px \"Lossbook Math\"')")
    drawn = browser_page.locator("article math").evaluate_all(
        "all => all.map(m => m.getBoundingClientRect().height)"
    )
    assert len(drawn) > 8 and min(drawn) > 8
