"""A Sphinx extension: a chapter has the number that its file name has (`book/14_keras_2`: 14).

Sphinx counts chapters in the order of _toc.yml, so a part that isn't written yet would move the
numbers of all that follow it.
"""

import re

from docutils import nodes


def renumber(app, env):
    """Replace the first place of each section number, after Sphinx has assigned them."""
    changed = []
    for document, sections in env.toc_secnumbers.items():
        found = re.match(r"book/(\d\d)_", document)
        if not found:
            continue
        number = int(found[1])
        for anchor, places in sections.items():
            sections[anchor] = places and (number, *places[1:])
        for reference in env.tocs[document].findall(nodes.reference):
            if reference.get("secnumber"):
                reference["secnumber"] = [number, *reference["secnumber"][1:]]
        if env.titles[document].get("secnumber"):
            env.titles[document]["secnumber"] = (number,)
        changed.append(document)
    return changed


def setup(app):
    """Run after Sphinx's own numbering, which has the priority 500."""
    app.connect("env-get-updated", renumber, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
