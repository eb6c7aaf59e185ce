"""Words of the glossary in the chapters: which are marked, how often, with what (tools/)."""

import re
from pathlib import Path

import pytest
from docutils import nodes
from sphinx import addnodes

from tests.tools.website.test_site_finding import document
from tools.sphinx_extensions.glossary_terms import (
    PATTERNS,
    TERMS,
    definition_of,
    definitions,
    mark_terms,
)

GLOSSARY = (Path(__file__).parents[3] / "book/glossary.md").read_text(encoding="utf-8")
KNOWN = {
    "coefficient": ("term-coefficient", "The factor <of> one.", {"01_one_number"}),
    "values": ("term-values", "What a loss function returns.", {"03_class_axis"}),
    "loss_weight": ("term-loss_weight", "The factor of an output.", set()),
}
PAGE = """# Title
> The coefficient of the question.

**The coefficient in the answer.**

## Coefficient
- A coefficient in a list.

Its **coefficient** in bold. *Two* coefficients, and [a coefficient](x) in a link.

The coefficient again. The word values alone is no term, the code `values` is one.

The `loss_weights` are code, as are `values`.

## Exercises
The loss weight.
"""


def marked(page, text=PAGE):
    """Return the terms that are marked on a page, and its paragraphs as text with HTML."""
    read = document(text)
    terms = mark_terms(read, page, KNOWN)
    return terms, [part.astext() for part in read.findall(nodes.paragraph)]


def test_a_word_is_marked_at_its_first_use_in_the_text():
    terms, paragraphs = marked("05_weights")
    assert terms == ["coefficient", "values", "loss_weight"]
    assert paragraphs[3] == (
        'Its coefficient in bold. Two <span class="lb-term">'
        '<a href="glossary.html#term-coefficient" aria-describedby="lb-term-coefficient">'
        'coefficients</a><span role="tooltip" id="lb-term-coefficient">'
        "The factor &lt;of&gt; one.</span></span>, and a coefficient in a link."
    )
    assert sum(text.count("lb-term") > 0 for text in paragraphs) == 3


def test_a_word_is_not_marked_on_the_page_that_defines_it():
    assert marked("01_one_number")[0] == ["values", "loss_weight"]
    assert marked("03_class_axis")[0] == ["coefficient", "loss_weight"]


def test_the_opening_and_the_exercises_are_left_alone():
    opening = PAGE.partition("## ")[0]
    assert marked("05_weights", opening)[0] == []
    assert marked("05_weights", "# T\n## Summary\nThe coefficient.\n")[0] == []


def test_every_term_is_in_the_glossary():
    heads = [line for line in GLOSSARY.splitlines() if re.match(r"\S", line)]
    assert set(TERMS) <= set(heads)
    assert {term for term, words in TERMS.items() if words} == set(PATTERNS)


@pytest.mark.parametrize("before", ["The mean: ", "The mean "])
def test_a_definition_ends_before_the_page_that_explains_it(before):
    link = addnodes.pending_xref("", nodes.inline("", "weights"), reftarget="05_weights")
    paragraph = nodes.paragraph("", "", nodes.Text(before), link, nodes.Text("."))
    term = nodes.term("", "values", ids=["term-values"])
    item = nodes.definition_list_item("", term, nodes.definition("", paragraph))
    text = "The mean." if before.endswith(": ") else "The mean weights."
    assert definition_of(term) == text
    assert definitions(nodes.section("", item)) == {"values": ("term-values", text, {"05_weights"})}
