"""What the page for instructors shows of the workshop's plan (workshop/plan.toml, check.toml).

As a Sphinx extension this gives book/instructors.md the directives `{workshop-cut} 90` (a table by
the minute), `{workshop-steps}` (objectives, what goes wrong, what to say) and `{workshop-check}`
(the five questions; with `key` as its argument, the answers). With `yourself` the last one makes
book/test_yourself.md: each answer says, unfolded, which belief it comes from.
"""

from mdit_py_plugins.anchors.index import slugify

from tools.sphinx_extensions.markdown_directive import add_markdown, fill
from tools.workshop.plan import DOES, clock, load, questions


def cut(name):
    """Return a cut: for whom, then a table of when, how long, and what is done."""
    plan = load()
    chosen = next((cut for cut in plan.cuts if cut.name == name), None)
    if chosen is None:
        raise ValueError(f"no cut {name!r}")
    how = {"DOES": DOES, "clock": clock, "slugify": slugify}
    return fill("workshop_cut.md.j2", plan=plan, cut=chosen, **how)


def steps(_=""):
    """Return every step: its objective, and what goes wrong."""
    return fill("workshop_steps.md.j2", plan=load())


def check(argument=""):
    """Return the questions; with "key" what each answer shows, with "yourself" to be unfolded."""
    return fill("workshop_check.md.j2", questions=questions(), part=argument)


def setup(app):
    """Give the page its directives."""
    for name, text in (("cut", cut), ("steps", steps), ("check", check)):
        add_markdown(app, f"workshop-{name}", text)
