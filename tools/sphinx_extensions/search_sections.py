"""A Sphinx extension: what the site's search ranks by, in `_static/search_sections.js`.

Sphinx's own index knows which words a page has, not what the page is about. This one holds, page by
page and section by section, the words that say so: titles, headings, the opening of a chapter (the
question and its answer), the questions that led to it ("Asked by"), what a section of a chapter
sets in bold or as code and what else it says, the glossary's definitions, and what audit may print
of a finding. A question of questions.md, in each of its wordings, counts for the sections that its
answer links to. content/search_phrases.toml has what people type who use other words.
book/_static/search.js reads it; Sphinx's index supplies the words of the running text.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

from lossbook._audit import HAZARDS
from tools.sphinx_extensions.head.structured_data import text_of
from tools.sphinx_extensions.markdown_directive import data
from tools.sphinx_extensions.reference import findings
from tools.website import audit_runs

LOG = logging.getLogger(__name__)
QUESTIONS = "book/questions"
NAME = "search_sections.js"
SAME = ("Exercises", "Summary")  # headings that every chapter has


def own(section):
    """What stands in a section itself, not in the sections inside it."""
    return [node for node in section.children if not isinstance(node, nodes.section | nodes.title)]


def heading(section):
    return section.next_node(nodes.title).astext()


def opening(section):
    """The first words of a page: the question as a quotation, the answer in bold below it."""
    quotations = [node for node in own(section) if isinstance(node, nodes.block_quote)][:1]
    answers = [node for part in own(section) for node in part.findall(nodes.strong)][:1]
    return text_of(*quotations, *answers)


def asked_by(document):
    """The titles of the threads that a chapter answers, from the paragraph "Asked by"."""
    for paragraph in document.findall(nodes.paragraph):
        if paragraph.astext().startswith("Asked by"):
            return text_of(*paragraph.findall(nodes.reference))
    return ""


def emphasised(section):
    """What a section sets in bold or as code: names, and the sentences to remember."""
    marked = (
        node
        for part in own(section)
        for kind in (nodes.strong, nodes.literal)
        for node in part.findall(kind)
    )
    return " ".join(dict.fromkeys(node.astext() for node in marked))


def running_text(section, other):
    """Each word of the running text of a section once, without those of `other`."""
    text = text_of(*(node for part in own(section) for node in part.findall(nodes.paragraph)))
    found, known = (re.findall(r"[^\W\d]\w{2,}", part.lower()) for part in (text, other))
    return " ".join(word for word in dict.fromkeys(found) if word not in set(known))


def targets(section, docname):
    """Where the links of a section lead, as (page, anchor)."""
    for link in section.findall(nodes.reference):
        parts = urlsplit(link.get("refuri", ""))
        if link.get("internal") and parts.path.endswith(".html"):
            page = (Path(docname).parent / parts.path.removesuffix(".html")).as_posix()
            yield page, unquote(parts.fragment)


def sections_of(docname, document, description=""):
    """Yield what is known of the page, of each section, of each name and term, for search.js:

    page, anchor, heading, words that count nearly as much, sections that it counts for as well,
    words of the running text, other headings, phrases that nothing else prints (of a finding).
    """
    first, *rest = document.findall(nodes.section)
    words = f"{description} {opening(first)} {asked_by(document)}"
    typed = data("search_phrases.toml").get(docname.removeprefix("book/"), {})
    yield docname, "", heading(first), words.strip(), [], "", typed.get("", [])
    for section in rest:
        there, words, anchor = [], "", section["ids"][0]
        others = typed.get(anchor, [])
        if re.match(r"book/\d\d_", docname):
            name, words = heading(section), emphasised(section)
            text = running_text(section, f"{name} {words}")
            yield docname, anchor, name, words, [], text, others
            continue
        if docname == QUESTIONS and (there := list(dict.fromkeys(targets(section, docname)))):
            words = text_of(*(part for part in own(section) if part.next_node(nodes.strong)))
        if docname == findings.PAGE and anchor in HAZARDS:
            words = findings.words_of(anchor, audit_runs.all_runs()[anchor])
            yield docname, anchor, anchor, words, there, "", others, findings.phrases()[anchor]
            continue
        yield docname, anchor, heading(section), words, there, "", others
        for other in re.findall("“(.+?)”", text_of(*own(section)) if there else ""):
            yield docname, anchor, other, "", there
    for signature in document.findall(addnodes.desc_signature):  # of a function, of a class
        if said := signature.parent.next_node(nodes.paragraph):
            yield docname, signature["ids"][0], signature["fullname"], said.astext(), []
    for term in document.findall(nodes.term):
        if term["ids"]:
            definition, anchor = term.parent.next_node(nodes.definition), term["ids"][0]
            others = typed.get(anchor, [])
            yield docname, anchor, term.astext(), text_of(definition), [], "", others


def write(app, error):
    """Write the file that the search page loads, once the HTML stands."""
    if error or app.builder.name != "html":
        return
    rows = []
    for docname in sorted(app.env.found_docs):
        document = app.env.get_and_resolve_doctree(docname, app.builder)
        description = app.env.metadata[docname].get("description", "")
        rows += sections_of(docname, document, " ".join(str(description).split()))
    known = {(row[0], row[1]) for row in rows}
    for page, sections in data("search_phrases.toml").items():
        for anchor in sections:
            if (f"book/{page}", anchor) not in known:
                LOG.warning("search_phrases.toml: %s has no section %r", page, anchor)
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows if row[2] not in SAME)
    words = data("search_words.toml")
    words = {**words, "empty": words["empty"].split()}
    path = Path(app.outdir, "_static", NAME)
    script = f"const SECTIONS = [\n{text}\n];\nconst WORDS = {json.dumps(words)};\n"
    path.write_text(script, encoding="utf-8")


def setup(app):
    app.connect("build-finished", write)
