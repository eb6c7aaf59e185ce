"""A word of the glossary shows its definition: by pointer, by keyboard, without scripts."""

import pytest

PAGE = "book/13_your_model.html"
WORD = ".lb-term a"
SHOWN = '.lb-term [role="tooltip"]'


def opened(site, page):
    page.route(lambda url: not url.startswith(site), lambda route: route.abort())
    page.goto(f"{site}/{PAGE}")
    return page.locator(WORD).first, page.locator(SHOWN).first


@pytest.mark.parametrize("java_script", [True, False])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_definition_shows_on_focus_inside_the_window(site, open_page, java_script, width):
    window = {"width": width, "height": 844}
    page = open_page(viewport=window, java_script_enabled=java_script)
    word, definition = opened(site, page)
    assert not definition.is_visible()
    word.focus()
    assert definition.is_visible()
    page.screenshot()  # a definition follows its word, scrolled into view, in the next frame
    box = definition.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert box["y"] >= 0 and box["y"] + box["height"] <= 844


def test_the_pointer_can_move_into_the_definition_and_escape_hides_it(site, browser_page):
    word, definition = opened(site, browser_page)
    word.hover()
    assert definition.is_visible()
    definition.hover()
    assert definition.is_visible()
    browser_page.keyboard.press("Escape")
    assert not definition.is_visible()
    browser_page.mouse.move(0, 0)
    word.hover()
    assert definition.is_visible()


def test_a_screen_reader_gets_the_definition_with_the_link(site, browser_page):
    word, definition = opened(site, browser_page)
    assert word.get_attribute("aria-describedby") == definition.get_attribute("id")
    anchor = word.get_attribute("href")
    word.click()
    browser_page.wait_for_url(f"**/{anchor}")
    assert browser_page.locator(f"#{anchor.partition('#')[2]}").count() == 1
