"""A Sphinx extension: a word of the glossary shows its definition where a chapter uses it first.

The notebooks stay plain Markdown, as Colab shows it: the words are found in the resolved page. Each
becomes a link to the glossary with its definition beside it, which the style sheet shows on hover
and on focus, and which a screen reader reads as the link's description. No script is needed.

Sparingly: only the words of TERMS, once a page, one in a paragraph, never in a heading, in bold, in
the opening, in a list, the exercises or the summary, nor on the page that defines the word.
"""

import re
from html import escape

from docutils import nodes
from sphinx import addnodes

from tools.sphinx_extensions.markdown_directive import data

GLOSSARY = "book/glossary"
CHAPTER = re.compile(r"book/\d\d_")
SKIPPED = {"Exercises", "Summary"}

TERMS = data("glossary_terms.toml")
PATTERNS = {
    term: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for term, words in TERMS.items() if words
}


def definition_of(term):
    """Return the text of a definition, without the ": where it is explained" at its end."""
    paragraph = term.parent.next_node(nodes.definition)[0]
    parts = [part for part in paragraph.children if part.astext()]
    text = "".join(part.astext() for part in parts)
    if len(parts) > 2 and isinstance(parts[-2], nodes.reference | addnodes.pending_xref):
        before = "".join(part.astext() for part in parts[:-2])
        text = f"{before.rstrip().removesuffix(':')}." if before.rstrip().endswith(":") else text
    return " ".join(text.split())


def definitions(glossary):
    """Return {term: (anchor, definition, the pages that its definition links to)}."""
    found = {}
    for term in glossary.findall(nodes.term):
        name = term.astext()
        if name in TERMS and term["ids"]:
            body = term.parent.next_node(nodes.definition)
            links = [
                node.get("reftarget") or node.get("refuri", "")
                for node in body.findall()
                if isinstance(node, nodes.Element)
            ]
            pages = {re.split(r"[.#]", link.rpartition("/")[2])[0] for link in links if link}
            found[name] = (term["ids"][0], definition_of(term), pages)
    return found


def spans(paragraph, wanted):
    """Yield (node, term, start, end) of each wanted word in the running text of a paragraph."""
    for node in paragraph.children:
        if isinstance(node, nodes.literal):
            name = node.astext().removesuffix("s") if node.astext() not in wanted else node.astext()
            if name in wanted:
                yield node, name, 0, len(node.astext())
        elif isinstance(node, nodes.Text):
            for term, pattern in PATTERNS.items():
                if term in wanted and (match := pattern.search(node)):
                    yield node, term, *match.span()


def mark(node, start, end, anchor, identity, definition):
    """Put a link and its definition around a part of a text, or around a literal."""
    before = (
        f'<span class="lb-term"><a href="glossary.html#{escape(anchor)}" '
        f'aria-describedby="{identity}">'
    )
    after = f'</a><span role="tooltip" id="{identity}">{escape(definition)}</span></span>'
    inside = [node.deepcopy()]
    if isinstance(node, nodes.Text):
        inside = [nodes.Text(node[start:end])]
    new = [nodes.raw("", before, format="html"), *inside, nodes.raw("", after, format="html")]
    if isinstance(node, nodes.Text):
        new = [nodes.Text(node[:start]), *new, nodes.Text(node[end:])]
    node.parent.replace(node, new)


def paragraphs(document):
    """Yield the paragraphs of a chapter's sections: not of its opening, nor of what is SKIPPED."""
    for section in document.findall(nodes.section):
        if not isinstance(section.parent, nodes.section):
            continue
        if not SKIPPED & {section[0].astext(), section.parent[0].astext()}:
            yield from (part for part in section if isinstance(part, nodes.paragraph))


def mark_terms(document, page, known):
    """Mark the first use of each term on a page; return the terms, in the order of the page."""
    wanted = {term for term, (_, _, homes) in known.items() if page not in homes}
    marked = []
    for paragraph in list(paragraphs(document)):
        order = list(paragraph.children)
        found = sorted(spans(paragraph, wanted), key=lambda one: (order.index(one[0]), one[2]))
        if found:
            node, term, start, end = found[0]
            anchor, definition, _ = known[term]
            mark(node, start, end, anchor, f"lb-{anchor}", definition)
            wanted.discard(term)
            marked.append(term)
    return marked


def on_resolved(app, document, docname):
    if app.builder.name == "html" and CHAPTER.match(docname):
        known = definitions(app.env.get_doctree(GLOSSARY))
        mark_terms(document, docname.rpartition("/")[2], known)


def setup(app):
    app.connect("doctree-resolved", on_resolved)
