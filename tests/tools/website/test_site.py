"""The site's configuration, and the checker that judges the built pages."""

import json
import re
import struct
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tools.sphinx_extensions.head import site_address
from tools.website import check as site

ROOT = Path(__file__).resolve().parents[3]
BOOK = ROOT / "book"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
THEME = ROOT / "tools/theme"
CSS = (THEME / "static/common.css").read_text(encoding="utf-8")


def pages():
    """Every page of the book, a notebook or a Markdown file."""
    return sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("*.md")])


# The configuration


def test_config_is_valid():
    from jupyter_book.config import validate_yaml

    validate_yaml(CONFIG, raise_on_errors=True)


def test_toc_lists_every_page_once():
    entries = [entry for part in TOC["parts"] for entry in part["chapters"]]
    entries += [section for entry in entries for section in entry.get("sections", ())]
    listed = [TOC["root"], *(entry["file"] for entry in entries)]
    there = [f"book/{page.stem}" for page in pages()]
    there += [f"book/api/{page.stem}" for page in (ROOT / "book/api").glob("*.md")]
    assert sorted(listed) == sorted(there)


def test_chapters_stand_in_the_order_of_their_numbers():
    chapters = [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
    numbered = [name for name in chapters if re.match(r"book/\d\d_", name)]
    # Sphinx counts in this order; the names say the same.
    assert [int(name[5:7]) for name in numbered] == list(range(1, len(numbered) + 1))
    for part in TOC["parts"]:
        in_part = [re.match(r"book/\d\d_", entry["file"]) for entry in part["chapters"]]
        assert bool(part.get("numbered")) == all(in_part), part["caption"]


def test_the_sources_are_the_pages_of_the_book_alone(tmp_path):
    """A Markdown file that Sphinx finds outside the table of contents would be a warning."""
    from sphinx.util.matching import get_matching_files

    inside = ["book/index.md", "book/01_one_number.ipynb"]
    outside = [
        *("README.md", "CHANGELOG.md", ".venv/lib/python3.11/site-packages/x/README.md"),
        *(".github/a.md", ".pytest_cache/README.md", "book/.ipynb_checkpoints/index.md"),
        *("_build/html/x.md", "tests/x.md", "tools/x.md", "lossbook/x.md", "benchmarks/x.md"),
        "workshop/slides.md",
    ]
    for name in inside + outside:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = get_matching_files(tmp_path, exclude_patterns=CONFIG["exclude_patterns"])
    assert sorted(found) == sorted(inside)


def test_warnings_and_failing_cells_stop_the_build():
    execute = CONFIG["execute"]
    assert execute["execute_notebooks"] == "cache"
    assert execute["raise_on_error"] is True
    assert not execute.get("allow_errors")
    assert execute["stderr_output"] == "remove"
    assert "suppress_warnings" not in CONFIG["sphinx"]["config"]


def test_repository_is_named_once():
    url = CONFIG["repository"]["url"]
    owner = re.fullmatch(r"https://github\.com/([\w-]+)/lossbook", url).group(1)
    assert (ROOT / "_config.yml").read_text(encoding="utf-8").count(owner) == 1
    for template in THEME.glob("*.html"):
        assert owner not in template.read_text(encoding="utf-8"), template.name
    assert CONFIG["repository"]["branch"] == "main"
    assert not CONFIG["repository"].get("path_to_book"), "the source root is the repository's root"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_page_describes_itself(page):
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        metadata = json.loads(text)["metadata"]
    else:
        metadata = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else {}
    length = len(metadata.get("description", ""))
    assert length in site.DESCRIPTION, f"a `description` of {length} characters"
    if page.suffix == ".ipynb":
        question = metadata.get("question", "")
        assert question.endswith("?"), "`question` in the notebook's metadata: what the tab shows"
        assert len(question) <= 62, "search engines cut a longer title"


# Static files and colours


@pytest.mark.parametrize("name", ["favicon.svg", "logo.svg", "icon.png", "social.png"])
def test_static_file_is_there_and_small(name):
    assert 0 < (BOOK / "_static" / name).stat().st_size < 40_000


@pytest.mark.parametrize("name", ["favicon.svg", "logo.svg", "social.svg"])
def test_drawing_is_well_formed(name):
    root = ElementTree.parse(BOOK / "_static" / name).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_static_files_are_few():
    assert sum(file.stat().st_size for file in (BOOK / "_static").iterdir()) < 100_000


@pytest.mark.parametrize(("name", "size"), [("icon.png", (180, 180)), ("social.png", (1200, 630))])
def test_picture_has_the_size_that_the_metadata_say(name, size):
    head = (BOOK / "_static" / name).read_bytes()[:24]
    assert head[1:4] == b"PNG"
    assert struct.unpack(">II", head[16:24]) == size
    assert name != "social.png" or all(
        f'content="{side}"' in (THEME / "metadata.html").read_text(encoding="utf-8")
        for side in size
    )


def colours(mode):
    """The colours that the style sheet sets for a mode."""
    start = {"light": "\nhtml {", "dark": '\nhtml[data-theme="dark"] {'}[mode]
    block = CSS.split(start, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def contrast(one, other):
    """WCAG's contrast ratio of two colours like "#1f2630"."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_knows_the_extremes():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


TEXTS = ("text", "muted", "link", "link-hover", "link-strong", "primary", "secondary")
CODE = ("code-comment", "code-keyword", "code-text", "code-number", "code-name")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_reaches_wcag_aa_on_every_surface(mode):
    ours = colours(mode)
    for text in (*(f"lb-{name}" for name in TEXTS), *CODE):
        for surface in ("background", "raised", "surface", "answer", "input"):
            ratio = contrast(ours[text], ours[f"lb-{surface}"])
            assert ratio >= 4.5, f"{mode}: {text} on {surface}: {ratio:.2f}"


def test_without_scripts_the_system_chooses_the_same_dark():
    system = CSS.split("@media (prefers-color-scheme: dark)", 1)[1].split("}", 1)[0]
    assert dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", system)) == colours("dark")


# The checker: a site in order, then the same site with one fault each

HOME = "https://somebody.github.io/lossbook/"
HEAD = """<!DOCTYPE html>
<html lang="en"><head>
<title>{title}</title>
<meta name="description" content="{description}">
<meta property="og:title" content="{title}">
<meta property="og:description" content="{description}">
<meta property="og:image" content="{home}_static/social.png">
<meta property="og:url" content="{home}{name}">
<link rel="canonical" href="{home}{name}">
<link rel="stylesheet" href="{up}_static/site.css">
<script type="application/ld+json">{{"@graph": [{{"url": "{home}{name}"}}]}}</script>
"""
ONE = """<script defer src="../_static/site.js"></script>
</head><body><img src="../_static/logo.svg" alt="">
<article><section id="one-number"><h1>One number</h1>
<p><a href="02_b.html#two">two</a> <a href="#one-number">up</a> <a href="https://keras.io">K</a></p>
<p>The WARNING: of oneDNN about cuda is quoted here, not shown.</p>
<img src="../_static/social.png" alt="A grid of six losses becomes one number">
<div class="cell_output"><div class="output stream"><pre>loss 0.3471</pre></div></div>
</section></article></body></html>"""
TWO = """</head><body><article><h1 id="two">Two</h1><a href="01_a.html">back</a></article></body>
</html>"""
ROOT_PAGE = """<meta http-equiv="refresh" content="0; url=book/01_a.html"></head>
<body><a href="book/01_a.html">The Loss Book</a></body></html>"""
PLAIN = "How Keras turns a tensor of losses into one number, part {}."


@pytest.fixture
def built(tmp_path):
    """A small site in order."""
    (tmp_path / "_static").mkdir()
    for name in ("social.png", "site.css", "logo.svg", "site.js"):
        (tmp_path / "_static" / name).touch()
    (tmp_path / "_static/fragment.html").write_text("{% macro %}", encoding="utf-8")
    (tmp_path / "book").mkdir()

    def head(name, address, title, number):
        up = "../" * name.count("/")
        about = PLAIN.format(number)
        return HEAD.format(title=title, description=about, home=HOME, name=address, up=up)

    for name, address, title, number, body in [
        ("book/01_a.html", "book/01_a.html", "One number", 1, ONE),
        ("book/02_b.html", "book/02_b.html", "Elementwise", 2, TWO),
        ("index.html", "book/01_a.html", "One number", 1, ROOT_PAGE),
    ]:
        text = head(name, address, title, number) + body
        (tmp_path / name).write_text(text, encoding="utf-8")
    listed = ["book/01_a", "book/02_b"]
    (tmp_path / "sitemap.xml").write_text(site_address.sitemap(HOME, listed), encoding="utf-8")
    (tmp_path / "robots.txt").write_text(site_address.robots(HOME), encoding="utf-8")
    return tmp_path


def test_checker_finds_nothing_in_a_site_in_order(built):
    assert site.check(built) == []


def test_the_slides_are_no_page_of_the_site_and_may_be_missing(built):
    page = built / "book/01_a.html"
    text = page.read_text(encoding="utf-8")
    link = '<p><a href="../slides/index.html">The slides</a></p></body>'
    page.write_text(text.replace("</body>", link), encoding="utf-8")
    assert site.check(built) == []  # `make slides` comes later
    (built / "slides").mkdir()
    assert site.check(built) == ["book/01_a.html: a link leads nowhere: ../slides/index.html"]
    (built / "slides/index.html").write_text("<p>neither title nor description", encoding="utf-8")
    assert site.check(built) == []


FAULTS = [
    ('lang="en"', "", "<html> says no language"),
    ("<title>One number</title>", "", "no <title>"),
    ("<title>One number</title>", "<title>Elementwise</title>", "has the same title as"),
    ("<title>", '<meta name="description" content="Twice."><title>', "2 descriptions"),
    (PLAIN.format(1), "Too short.", "its description has 10 characters, 50 to 160 are wanted"),
    (PLAIN.format(1), "Long. " * 40, "its description has 239 characters"),
    (PLAIN.format(1), PLAIN.format(2), "has the same description as"),
    ('<meta property="og:title"', "<meta", "no og:title"),
    ('<meta property="og:description"', "<meta", "no og:description"),
    ('<meta property="og:image"', "<meta", "no og:image"),
    ("_static/social.png", "_static/gone.png", "og:image"),
    ('<meta property="og:url"', "<meta", "no og:url"),
    ('<link rel="canonical"', "<link", "0 canonical addresses"),
    (f'canonical" href="{HOME}book/01_a', f'canonical" href="{HOME}book/02_b', "its og:url"),
    (f"{HOME}book/01_a.html", f"{HOME}book/02_b.html", "its canonical address is another page's"),
    ("<h1>One number</h1>", "", "0 h1 headings"),
    ("<h1>One number</h1>", "<h1>One</h1><h1>number</h1>", "2 h1 headings"),
    ('alt="A grid of six losses becomes one number"', 'alt=""', "social.png: no alt text"),
    ('alt="A grid of six losses becomes one number"', "", "social.png: no alt text"),
    ('src="../_static/logo.svg" alt=""', 'src="../_static/logo.svg"', "a picture without alt text"),
    ('href="02_b.html#two"', 'href="03_c.html"', "a link leads nowhere: 03_c.html"),
    ('href="02_b.html#two"', 'href="02_b.html#three"', "no such anchor: 02_b.html#three"),
    ('href="#one-number"', 'href="#one"', "no such anchor: #one"),
    ("../_static/site.css", "../_static/gone.css", "a link leads nowhere: ../_static/gone.css"),
    ("../_static/site.js", "https://example.org/site.js", "from another host"),
    ("../_static/logo.svg", "https://example.org/logo.svg", "from another host"),
    ("loss 0.3471", "WARNING: all log messages", "start-up noise in an output: WARNING: all"),
    ("loss 0.3471", "oneDNN custom operations are on", "start-up noise"),
    ("loss 0.3471", "E0000 00:00:1 cuda_dnn.cc] Unable", "start-up noise"),
    ("loss 0.3471", "Could not find TF-TRT", "start-up noise"),
    ("output stream", "output stderr", "an output shows stderr"),
    ("application/ld+json", "text/plain", "no structured data (JSON-LD)"),
    ('{"@graph": ', '{"@graph": ,', "its structured data can't be read: JSONDecodeError"),
    ('[{"url": ', '[{"name": ', "its structured data is of None"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_checker_names_the_fault(built, old, new, message):
    page = built / "book/01_a.html"
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")
    problems = site.check(built)
    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith(("book/0", "sitemap.xml")) for problem in problems), problems


def test_checker_refuses_an_empty_folder(tmp_path, capsys):
    assert site.main([str(tmp_path)]) == 1
    assert "no pages here; `make book` builds them" in capsys.readouterr().out


def test_checker_says_what_it_found(built, capsys):
    assert site.main([str(built)]) == 0
    assert capsys.readouterr().out == "The site is in order.\n"
    (built / "book/02_b.html").unlink()
    assert site.main([str(built)]) == 1
    out = capsys.readouterr().out
    assert out == (
        "book/01_a.html: a link leads nowhere: 02_b.html#two\n"
        f"sitemap.xml: differs from the pages in ['{HOME}book/02_b.html']\n"
        "2 problems in the site.\n"
    )
    (built / "robots.txt").unlink()
    assert site.check(built)[-1] == "sitemap.xml and robots.txt: one of them is missing"


# The glossary


def test_the_glossary_explains_a_word_once():
    """A second entry is a warning of Sphinx, which fails `make book` minutes later."""
    lines = (BOOK / "glossary.md").read_text(encoding="utf-8").splitlines()
    heads = [line for line, after in pairwise(lines) if line[:1].strip() and after[:2] == "  "]
    words = [word.strip().lower() for head in heads for word in head.split(",")]
    assert len(words) > 30
    assert [word for word, times in Counter(words).items() if times > 1] == []
