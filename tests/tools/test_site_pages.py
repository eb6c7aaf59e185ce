"""Rewriting the built pages (tools/website/pages.py): a small site before and after."""

import re
import struct
from pathlib import Path

import pytest
import yaml

from tools.website import pages as site_pages

ROOT = Path(__file__).resolve().parents[2]
PAGE = """<!DOCTYPE html>
<html lang="en" data-content_root="../">
<head>
  <meta name="viewport" content="width=device-width, initial-scale=1.0" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <!-- Loaded before other assets -->
  <script>document.documentElement.dataset.mode = "";</script>
  <link href="../_static/styles/theme.css?digest=1" rel="stylesheet" />
  <link rel="stylesheet" type="text/css" href="../_static/lossbook.css?v=2" />
  <link rel="preload" as="script" href="../_static/scripts/bootstrap.js?digest=1" />
  <script defer src="../_static/scripts/fontawesome.js?digest=1"></script>
  <script src="../_static/doctools.js?v=9a"></script>
  <script>DOCUMENTATION_OPTIONS.pagename = 'book/01';</script>
  <script src="../_static/searchtools.js"></script>
  <script src="../_static/ledger.js"></script>
  <script type="application/ld+json">{"@type": "Dataset"}</script>
  <link rel="icon" href="../_static/favicon.svg"/>
</head>
<body><button class="btn search-button-field" title="Search" aria-label="Search">
<i class="fa-solid fa-bars fa-lg" title="x"></i> Search</button>
<i class="theme-switch fa-solid fa-bars" data-mode="dark" title="Dark"></i>
<script>const kept = document.documentElement.dataset;</script>
<article class="bd"><span class="math"><math><mi>x</mi></math></span>
<a href="https://c"><img alt="Open in Colab" src="https://colab.example/colab-badge.svg" /></a>
<img alt="One" src="../_images/a.png" /><img alt="Two" src="../_images/b.svg" />
<table class="t"><thead><tr><th class="head">a</th></tr></thead>
<tbody><tr><th>b</th><td>c</td></tr></tbody></table></article></body></html>"""
ICONS = 'x={"circle":[512,512,[],"f111","M0 0"],bars:[448,512,["nav"],"f0c9","M0 96"]};'
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 640, 480)


@pytest.fixture
def built(tmp_path):
    """A site as Sphinx leaves it, with two pages."""
    static = tmp_path / "_static"
    for folder in ("styles", "scripts", "vendor"):
        (static / folder).mkdir(parents=True)
    (tmp_path / "book").mkdir()
    (tmp_path / "_images").mkdir()
    (static / "styles/theme.css").write_text(".bd{top:0}.gone{top:0}.by-ledger{top:0}")
    (static / "lossbook.css").write_text("math{top:0}.lb-icon{top:0}")
    (static / "scripts/fontawesome.js").write_text(ICONS)
    (static / "ledger.js").write_text("classList.add('by-ledger')")
    for name in (*site_pages.BUNDLE, *site_pages.SEARCH[:2]):
        (static / name).write_text(f"/* {name} */")
    (tmp_path / "searchindex.js").write_text("Search.setIndex({gone: 1})")
    (tmp_path / "_images/a.png").write_bytes(PNG)
    (tmp_path / "_images/b.svg").write_text('<svg width="75pt" height="30pt" viewBox="0 0 1 1">')
    (tmp_path / "book/01.html").write_text(PAGE)
    (tmp_path / "search.html").write_text(PAGE.replace("../", ""))
    return tmp_path


def finished(folder, name="book/01.html"):
    site_pages.finish(folder)
    return (folder / name).read_text(encoding="utf-8")


def test_the_slides_are_left_alone(built):
    (built / "slides").mkdir()
    (built / "slides/index.html").write_text(PAGE)
    assert finished(built, "slides/index.html") == PAGE


def test_one_sheet_and_one_script_stand_for_all(built):
    page = finished(built)
    (sheet,) = re.findall(r'<link rel="stylesheet" href="\.\./_static/(site\.\w+\.css)">', page)
    first, *others = re.findall(r'<script defer src="\.\./_static/([^"]+)"', page)
    assert re.fullmatch(r"site\.\w+\.js", first) and others == ["ledger.js"]
    css = (built / "_static" / sheet).read_text()
    assert css.startswith("/*! ") and "CC BY 4.0" in css
    assert css.split("*/")[1].split() == [
        *(".bd{top:0}", ".by-ledger{top:0}", "math{top:0}", ".lb-icon{top:0}")
    ]
    bundle = (built / "_static" / first).read_text()
    assert re.findall(r"/\* (\S+) \*/", bundle) == list(site_pages.BUNDLE)


def test_the_search_page_alone_keeps_the_search(built):
    assert "searchtools.js" not in finished(built)
    search = (built / "search.html").read_text()
    scripts = re.findall(r'<script defer src="_static/([^"]+)"', search)
    assert scripts[1:] == ["searchtools.js", "ledger.js"] and scripts[0].startswith("site.")


def test_what_is_not_the_themes_stays(built):
    page = finished(built)
    assert '<script type="application/ld+json">{"@type": "Dataset"}</script>' in page
    assert "<script>const kept = document.documentElement.dataset;</script>" in page
    assert page.index('dataset.mode = ""') < page.index('rel="stylesheet"')  # no flash of light
    assert page.count('name="viewport"') == 1
    assert "<!--" not in page and "DOCUMENTATION_OPTIONS" not in page


def test_icons_are_drawn_in_the_page(built):
    page = finished(built)
    icon = 'viewBox="0 0 448 512" aria-hidden="true"><path d="M0 96"/></svg>'
    assert f'<svg class="lb-icon" {icon}' in page
    assert f'<svg class="lb-icon theme-switch" data-mode="dark" {icon}' in page
    assert "fa-" not in page


def test_an_unknown_icon_is_an_error(built):
    page = built / "book/01.html"
    page.write_text(page.read_text().replace("fa-bars", "fa-nowhere"))
    with pytest.raises(ValueError, match="fa-nowhere"):
        site_pages.finish(built)


def test_pictures_have_their_size_and_wait(built):
    page = finished(built)
    assert 'src="../_images/a.png" width="640" height="480" decoding="async">' in page
    assert 'b.svg" width="100" height="40" decoding="async" loading="lazy">' in page


def test_nothing_comes_from_another_host(built):
    page = finished(built)
    assert '<a href="https://c"><span class="lb-badge">Open in Colab</span></a>' in page
    assert not re.search(r'\bsrc="https?:', page)


def test_headers_say_what_they_head(built):
    page = finished(built)
    assert '<th scope="col" class="head">a</th>' in page
    assert '<th scope="row">b</th>' in page


def test_an_empty_corner_of_a_table_is_no_header():
    head = '<thead><tr><th class="head"><p></p></th><th class="head"><p>n</p></th></tr></thead>'
    assert site_pages.scope_headers(head) == (
        '<thead><tr><td></td><th scope="col" class="head"><p>n</p></th></tr></thead>'
    )


def test_a_button_is_called_what_it_shows(built):
    assert '<button class="btn search-button-field" type="button">' in finished(built)


def test_the_formulas_font_is_fetched_where_there_are_formulas(built):
    other = built / "book/02.html"
    other.write_text(PAGE.replace("<math><mi>x</mi></math>", "x"))
    assert 'href="../_static/math.woff2"' in finished(built)
    assert "math.woff2" not in other.read_text()


def test_code_has_no_element_that_looks_like_the_text_around_it(built):
    page = built / "book/01.html"
    code = '<pre><span></span><span class="n">lb</span><span class="o">.</span></pre>'
    inline = '<code class="x"><span class="pre">a</span> <span class="pre">b</span></code>'
    page.write_text(page.read_text().replace("<table", f"{code}{inline}<i class='n'>n</i><table"))
    made = finished(built)
    assert '<pre>lb<span class="o">.</span></pre><code class="x">a b</code>' in made


def test_what_may_scroll_is_marked_for_the_keyboard(built):
    page = built / "book/01.html"
    wide, fits = "x" * 41, "&lt;" * 20 + "<b>x</b>\n" * 3
    table = '<div class="pst-scrollable-table-container"><table'
    text = page.read_text().replace("<table", f"<pre>{wide}</pre><pre>{fits}</pre>{table}")
    page.write_text(text.replace("</table>", "</table></div>"))
    made = finished(built)
    assert f'<pre tabindex="0">{wide}</pre><pre>{fits}</pre>' in made
    assert 'container" tabindex="0"><table' in made


def test_what_looks_plain_is_plain_in_both_styles():
    from pygments.styles import get_style_by_name
    from pygments.token import Name, Punctuation, Text, Whitespace

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    options = config["sphinx"]["config"]["html_theme_options"]
    for mode in ("light", "dark"):
        style = get_style_by_name(options[f"pygments_{mode}_style"])
        looks = [style.style_for_token(token) for token in (Text, Name, Punctuation, Whitespace)]
        assert looks == looks[:1] * 4, mode


def test_what_no_page_needs_is_removed(built):
    finished(built)
    left = {path.name for path in (built / "_static").iterdir()}
    assert {name for name in left if not name.startswith("site.")} == {
        *("searchtools.js", "language_data.js", "ledger.js")
    }


def test_a_second_run_changes_nothing(built):
    finished(built)
    before = {path: path.read_bytes() for path in built.rglob("*") if path.is_file()}
    assert site_pages.finish(built) == 0
    assert {path: path.read_bytes() for path in built.rglob("*") if path.is_file()} == before


def test_a_picture_says_its_size(tmp_path):
    static = ROOT / "book/_static"
    assert site_pages.picture_size(static / "social.png") == (1200, 630)
    assert site_pages.picture_size(static / "favicon.svg") == (64, 64)
    (tmp_path / "c.svg").write_text("<svg>")
    with pytest.raises(ValueError, match=r"c\.svg says no size"):
        site_pages.picture_size(tmp_path / "c.svg")
