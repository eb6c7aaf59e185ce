"""A Sphinx extension: what a page is, as search engines read it (JSON-LD, schema.org).

The start page is a Book with its chapters, a chapter a Chapter and LearningResource, questions.md a
FAQPage, the glossary a DefinedTermSet. All of it is read from the pages themselves, so it says
nothing that a reader doesn't see. tools/theme/metadata.html prints it.
"""

import json
import re

from docutils import nodes

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
CHAPTER = re.compile(r"book/(\d\d)_")
MINUTES = re.compile(r"^(\d+) minutes ·")


def text_of(*parts):
    """The text of some nodes, in one line."""
    return " ".join(" ".join(part.astext().split()) for part in parts)


def minutes(document):
    """Return the time that a chapter takes, from the line below its answer; None without one."""
    for literal in document.findall(nodes.literal):
        if found := MINUTES.match(text_of(literal)):
            return int(found[1])
    return None


def questions(document):
    """Yield (anchor, question, answer): a heading of the third level, then a sentence in bold."""
    for section in document.findall(nodes.section):
        paragraph = next((part for part in section if isinstance(part, nodes.paragraph)), None)
        answer = paragraph and paragraph.next_node(nodes.strong)
        deep = isinstance(section.parent.parent, nodes.section)
        if deep and answer and text_of(answer) == text_of(paragraph):
            yield section["ids"][0], text_of(section.next_node(nodes.title)), text_of(answer)


def terms(document):
    """Yield (anchor, term, definition) of a glossary."""
    for term in document.findall(nodes.term):
        if term["ids"]:
            definition = term.parent.next_node(nodes.definition)
            yield term["ids"][0], text_of(term), text_of(definition)


def book(about, site, chapters, name):
    """Return the Book, and the WebSite that can be searched."""
    parts = [{"@type": "Chapter", **chapter} for chapter in chapters]
    search = {
        "@type": "SearchAction",
        "target": f"{site}search.html?q={{query}}",
        "query-input": "required name=query",
    }
    return [
        {"@type": "Book", "@id": f"{site}#book", "hasPart": parts, **about, "name": name},
        {"@type": "WebSite", "name": name, "url": site, "potentialAction": search},
    ]


def chapter(about, site, number, time):
    """Return a Chapter that is a LearningResource too."""
    extra = {"timeRequired": f"PT{time}M"} if time else {}
    return {
        "@type": ["Chapter", "LearningResource"],
        "position": number,
        "learningResourceType": "executable notebook with exercises",
        "isPartOf": {"@type": "Book", "@id": f"{site}#book", "url": f"{site}book/index.html"},
        **extra,
        **about,
    }


def faq(about, found):
    """Return a FAQPage of (anchor, question, answer)."""
    return {
        "@type": "FAQPage",
        **about,
        "mainEntity": [
            {
                "@type": "Question",
                "name": question,
                "url": f"{about['url']}#{anchor}",
                "acceptedAnswer": {"@type": "Answer", "text": answer},
            }
            for anchor, question, answer in found
        ],
    }


def glossary(about, found):
    """Return a DefinedTermSet of (anchor, term, definition)."""
    return {
        "@type": "DefinedTermSet",
        **about,
        "hasDefinedTerm": [
            {
                "@type": "DefinedTerm",
                "name": term,
                "description": definition,
                "url": f"{about['url']}#{anchor}",
            }
            for anchor, term, definition in found
        ],
    }


def describe(app, page, template, context, document):
    """Give the template `structured_data`, the text of the page's script element."""
    meta = context.get("meta") or {}
    if document is None or not meta.get("description"):
        return
    site = context["site_address"]

    def about(name):
        return {
            "name": app.env.titles[name].astext(),
            "url": f"{site}{name}.html",
            "description": " ".join(app.env.metadata[name]["description"].split()),
            "inLanguage": app.config.language,
            "license": LICENSE,
            "isAccessibleForFree": True,
            "author": {"@type": "Organization", "name": app.config.author},
        }

    if page == app.config.root_doc:
        chapters = [
            {
                "position": int(found[1]),
                "name": app.env.titles[name].astext(),
                "url": f"{site}{name}.html",
            }
            for name in sorted(app.env.found_docs)
            if (found := CHAPTER.match(name))
        ]
        graph = book(about(page), site, chapters, context["docstitle"])
    elif found := CHAPTER.match(page):
        graph = [chapter(about(page), site, int(found[1]), minutes(document))]
    elif page == "book/questions":
        graph = [faq(about(page), questions(document))]
    elif page == "book/glossary":
        graph = [glossary(about(page), terms(document))]
    else:
        graph = [{"@type": "WebPage", **about(page)}]
    data = {"@context": "https://schema.org", "@graph": graph}
    # "<" as an escape: "</script>" in a text must not end the element.
    context["structured_data"] = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def setup(app):
    app.connect("html-page-context", describe)
