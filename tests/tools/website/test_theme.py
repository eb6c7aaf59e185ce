"""The theme (tools/theme) and the HTML of articles, in a small site that Sphinx builds."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from pygments.token import STANDARD_TYPES
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tools.sphinx_extensions import page_html

ROOT = Path(__file__).resolve().parents[3]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
OURS = ("native_math", "page_html", "search_sections", "head.site_address", "head.structured_data")
LONG = "x" * 41
ONE = f"""# One

[![Open in Colab](https://colab.example/assets/colab-badge.svg)](https://colab.example)

$x$ and `a b`, `=`

![One](social.png) ![Two](social.svg)

| | n |
|---|---|
| a | b |
| mean_with_sample_weight | `Loss(weight_of_row)` |

mean_with_sample_weight

```python
lb.trace(x)
```

```python
{LONG}
```

```python
{"x" * 40}
```
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a site of two pages, with the book's own settings."""
    source = tmp_path_factory.mktemp("source")
    out = source / "_build"
    shutil.copytree(ROOT / "book/_static", source, dirs_exist_ok=True)
    (source / "index.md").write_text("# Book\n\n```{toctree}\nbook/one\n```\n\n## Two\n")
    (source / "book").mkdir()
    for file in ("social.png", "social.svg"):
        shutil.copy(source / file, source / "book")
    (source / "book/one.md").write_text(ONE)
    settings = {name: value for name, value in CONFIG.items() if name.startswith("html_")}
    settings |= {
        "project": "Book",
        "author": "Us",
        "copyright": "2026",
        "extensions": ["myst_parser", *(f"tools.sphinx_extensions.{name}" for name in OURS)],
        "myst_enable_extensions": ["dollarmath"],
        "html_theme_path": [str(ROOT / "tools")],
        "html_static_path": [str(ROOT / "book/_static")],
        "html_theme_options": {"repository_url": "https://github.com/us/book"},
        "templates_path": [],
    }
    with patch_docutils(), docutils_namespace():
        app = Sphinx(source, None, out, out / ".doctrees", "html", settings, status=None)
        app.build()
    return out


@pytest.fixture(scope="module")
def page(site):
    return (site / "book/one.html").read_text(encoding="utf-8")


def test_one_sheet_and_one_script_stand_for_all(site, page):
    assert re.findall(r'<link rel="stylesheet"[^>]* href="\.\./_static/([\w.]+)\?v=', page) == [
        "site.css"
    ]
    (script,) = re.findall(r"<script [^>]*src=[^>]*>", page)
    assert 'src="../_static/site.js?v=' in script and "defer" in script
    css = (site / "_static/site.css").read_text()
    assert css.startswith("/*! ") and "CC BY 4.0" in css
    assert all(part in css for part in ("--lb-text", ".layout", "article {", ".cell {"))
    js = (site / "_static/site.js").read_text()
    assert js.index("const DOCUMENTATION_OPTIONS") < js.index("const SphinxHighlight")
    assert "{%" not in css + js and "{{" not in css + js
    assert page.index("now.mode") < page.index('rel="stylesheet"')  # no flash of light


def test_the_search_page_alone_loads_the_search(site, page):
    assert "searchtools.js" not in page
    search = (site / "search.html").read_text(encoding="utf-8")
    for script in re.findall(r"<script [^>]*src=[^>]*>", search):
        assert "defer" in script
    assert search.index("site.js") < search.index("searchtools") < search.index("searchindex")
    assert len(re.findall("<h1", search)) == 1


def test_nothing_comes_from_another_host(page):
    assert '<a class="reference external" href="https://colab.example">' in page
    assert '<span class="lb-badge">Open in Colab</span>' in page
    assert not re.search(r'\bsrc="https?:', page)


def test_the_formulas_font_is_fetched_where_there_are_formulas(site, page):
    assert 'rel="preload" as="font" href="../_static/math.woff2"' in page
    assert "math.woff2" not in (site / "index.html").read_text(encoding="utf-8")


def test_pictures_have_their_size_and_wait(page):
    one, two = re.findall(r"<img[^>]*_images[^>]*>", page)
    assert 'width="1200"' in one and 'height="630"' in one and "lazy" not in one
    assert 'width="1200"' in two and 'height="630"' in two and 'loading="lazy"' in two


def test_headers_say_what_they_head_and_an_empty_corner_is_none(page):
    assert re.search(r'<thead>\s*<tr class="row-odd">\s*<td><p></p></td>\s*<th', page)
    assert re.search(r'<th class="head" scope="col">(<p>)?n', page)


def test_a_long_name_breaks_at_an_underscore_in_a_table_alone(page):
    assert "mean_<wbr>with_<wbr>sample_<wbr>weight" in page
    assert "Loss<wbr>(weight_<wbr>of_<wbr>row)" in page
    assert "<p>mean_with_sample_weight</p>" in page


def test_what_may_scroll_is_marked_for_the_keyboard(page):
    assert f'<pre tabindex="0">{LONG}\n</pre>' in page and f"<pre>{LONG[1:]}\n</pre>" in page
    assert '<div class="scrolls" tabindex="0">' in page


def test_code_has_no_element_that_looks_like_the_text_around_it(page):
    assert '<pre>lb<span class="o">.</span>trace(x)\n</pre>' in page
    assert '<code class="docutils literal notranslate">a b</code>' in page


def test_every_colour_of_code_is_in_the_style_sheet():
    css = (ROOT / "tools/theme/static/common.css").read_text()
    code = css.split("/* Code.")[1].split("/* Formulas")[0]
    known = set(re.findall(r"\.(\w+)(?=[,) ])", code)) - {"highlight"}
    used = "bp c1 fm k kc kn mf mi nb nc ne nf o ow s1 s2 sa sd se si vm"
    assert set(used.split()) <= known <= set(STANDARD_TYPES.values())


def test_the_footer_names_the_author(page):
    assert "<p>Us, 2026. The numbers in" in page


def test_the_buttons_lead_to_the_repository(page):
    assert 'href="https://github.com/us/book" title="Repository"' in page
    assert "issues/new?title=Issue%20on%20page%20%2Fbook/one.html" in page
    assert page_html.BADGE not in page
