"""What the site tells search engines, its own search among them (tools/, the Sphinx extensions)."""

import json
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.utils import new_document
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils.base import DocutilsRenderer
from myst_parser.parsers.mdit import create_md_parser

from tools.sphinx_extensions import search_sections
from tools.sphinx_extensions.head import site_address, structured_data

STATIC = Path(__file__).parents[3] / "book" / "_static"
HOME = "https://somebody.github.io/lossbook/"


def document(markdown):
    """A page as Sphinx's extensions get it."""
    parser = create_md_parser(MdParserConfig(), DocutilsRenderer)
    page = new_document("page.md", get_default_settings())
    parser.options["document"] = page
    parser.render(markdown)
    return page


QUESTIONS = document("""# Questions
## Two that are asked most
### Is padding counted?
**A mask takes it out of both.**

*Also asked as:* “mask_zero” · “does Keras ignore padding”.

### Not a question
Nobody *asks* this.
""")


def test_the_address_of_the_site_is_that_of_github_pages():
    assert site_address.site_address("https://github.com/somebody/lossbook") == HOME
    assert site_address.site_address("https://github.com/somebody/lossbook/") == HOME


def test_the_sitemap_lists_every_page_once():
    text = site_address.sitemap(HOME, {"book/b", "book/a", "book/c&d"})
    urls = [url.findtext("{*}loc") for url in ElementTree.fromstring(text)]
    assert urls == [f"{HOME}book/a.html", f"{HOME}book/b.html", f"{HOME}book/c&d.html"]
    assert f"Sitemap: {HOME}sitemap.xml\n" in site_address.robots(HOME)


def test_an_answer_is_the_sentence_in_bold_below_a_question():
    assert list(structured_data.questions(QUESTIONS)) == [
        ("is-padding-counted", "Is padding counted?", "A mask takes it out of both.")
    ]


def test_the_time_of_a_chapter_is_read_from_its_line():
    assert structured_data.minutes(document("# Masks\n`25 minutes · needs: Weights`")) == 25
    assert structured_data.minutes(document("# Masks\n`minutes`")) is None


def describe(page, root="book/index", description="What a mask </script> does."):
    names = ("book/index", "book/04_masks", "book/05_weights", "book/questions", page)
    env = SimpleNamespace(
        titles={name: nodes.title("", name.removeprefix("book/")) for name in names},
        metadata={name: {"description": description} for name in names},
        found_docs=set(names),
    )
    config = SimpleNamespace(root_doc=root, language="en", author="Us")
    context = {"meta": {"description": description}, "site_address": HOME, "docstitle": "Book"}
    app = SimpleNamespace(env=env, config=config)
    page_document = QUESTIONS if page == "book/questions" else document("# T\n`9 minutes · x`")
    structured_data.describe(app, page, "page.html", context, page_document)
    return context["structured_data"]


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("book/index", "Book"),
        ("book/04_masks", ["Chapter", "LearningResource"]),
        ("book/questions", "FAQPage"),
        ("book/glossary", "DefinedTermSet"),
        ("book/references", "WebPage"),
    ],
)
def test_a_page_says_what_it_is(page, kind):
    text = describe(page)
    assert "</script>" not in text
    entry, *_ = json.loads(text)["@graph"]
    assert entry["@type"] == kind
    assert entry["url"] == f"{HOME}{page}.html"
    assert entry["description"] == "What a mask </script> does."


def test_the_book_lists_its_chapters_and_a_chapter_its_place():
    start, website = json.loads(describe("book/index"))["@graph"]
    assert [part["position"] for part in start["hasPart"]] == [4, 5]
    assert website["potentialAction"]["target"] == f"{HOME}search.html?q={{query}}"
    (chapter,) = json.loads(describe("book/05_weights"))["@graph"]
    assert (chapter["position"], chapter["timeRequired"]) == (5, "PT9M")
    assert chapter["isPartOf"]["@id"] == start["@id"]
    (faq,) = json.loads(describe("book/questions"))["@graph"]
    (question,) = faq["mainEntity"]
    assert question["acceptedAnswer"]["text"] == "A mask takes it out of both."


def test_a_question_counts_in_all_its_wordings_for_the_page_that_answers_it():
    section = next(s for s in QUESTIONS.findall(nodes.section) if "is-padding-counted" in s["ids"])
    link = nodes.reference("", "x", internal=True, refuri="04_masks.html#did-my-mask-survive")
    section += nodes.paragraph("", "See ", link)
    rows = list(search_sections.sections_of("book/questions", QUESTIONS, "All questions."))
    there = [("book/04_masks", "did-my-mask-survive")]
    anchor = "is-padding-counted"
    *first, typed = rows[0]
    assert first == ["book/questions", "", "Questions", "All questions.", [], ""]
    assert "FAQ" in typed
    assert rows[2:5] == [
        (
            *("book/questions", anchor, "Is padding counted?", "A mask takes it out of both."),
            *(there, "", []),
        ),
        ("book/questions", anchor, "mask_zero", "", there),
        ("book/questions", anchor, "does Keras ignore padding", "", there),
    ]


def test_a_chapter_is_about_its_question_its_answer_its_bold_words_and_who_asked():
    page = document("""# Masks
> *"Is the padding counted?"*

**No. The mask drops it.** More.

## The trap
Text of `Masking`, **without a word**.

```python
not_these()
```

**Asked by:** [NaN under a mask](https://example.org/1) · [no](https://example.org/2)
""")
    rows = list(search_sections.sections_of("book/04_masks", page))
    words = '"Is the padding counted?" No. The mask drops it. NaN under a mask no'
    (start, section) = rows
    assert start[:-1] == ("book/04_masks", "", "Masks", words, [], "")
    assert "ignore padding in the loss" in start[-1]  # as content/search_phrases.toml has it
    marked, running = "without a word Masking Asked by:", "text nan under mask"
    assert section == ("book/04_masks", "the-trap", "The trap", marked, [], running, [])


def test_the_script_of_the_search_is_small():
    assert (STATIC / "search.js").stat().st_size < 10_000
