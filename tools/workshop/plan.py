"""The workshop's plan: what is taught when, in three cuts; what the page for instructors shows.

workshop/plan.toml and workshop/check.toml are the source; `load` refuses a plan that doesn't add
up. As a Sphinx extension this gives book/instructors.md the directives `{workshop-cut} 90` (a table
by the minute), `{workshop-steps}` (objectives, what goes wrong, what to say) and `{workshop-check}`
(the five questions; with `key` as its argument, the answers).
"""

import tomllib
from typing import NamedTuple

from mdit_py_plugins.anchors.index import slugify

from tools.notebooks.files import ROOT
from tools.sphinx_extensions.markdown_directive import MarkdownDirective

FOLDER = ROOT / "workshop"
DOES = {
    "ask": "Ask",
    "predict": "Predict",
    "run": "Run",
    "exercise": "Exercise",
    "talk": "Talk",
    "check": "Check",
}


class Cut(NamedTuple):
    """One length of the course."""

    name: str
    title: str
    total: int
    computes: int | None  # seconds, as measured
    audience: str
    goal: str


class Part(NamedTuple):
    """What is done for some minutes, all of one kind; `minutes` by cut."""

    do: str
    what: str
    section: str
    exercise: str
    minutes: dict


class Step(NamedTuple):
    """One topic: a chapter, or a break; `minutes` by cut."""

    id: str
    title: str
    chapter: str
    objective: str
    wrong: tuple  # pairs: what is seen, what to say
    parts: tuple
    minutes: dict

    def parts_in(self, cut):
        """Return the parts that a cut has time for."""
        return tuple(part for part in self.parts if cut in part.minutes)


class Plan(NamedTuple):
    """The cuts and all steps, in the order in which they are taught."""

    cuts: tuple
    steps: tuple

    def steps_in(self, cut):
        """Return the steps of a cut."""
        return tuple(step for step in self.steps if cut in step.minutes)


def load(path=FOLDER / "plan.toml"):
    """Read the plan; ValueError where a cut takes another time than it says."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    cuts = tuple(
        Cut(name, cut["title"], cut["total"], cut.get("computes"), cut["for"], cut["goal"])
        for name, cut in data["cuts"].items()
    )
    plan = Plan(cuts, tuple(_step(step) for step in data["step"]))
    for cut in cuts:
        minutes = sum(step.minutes.get(cut.name, 0) for step in plan.steps)
        if minutes != cut.total:
            raise ValueError(
                f"{path.name}: the steps of {cut.title!r} take {minutes} minutes, not {cut.total}"
            )
    return plan


def _step(data):
    parts = tuple(
        Part(p["do"], p.get("what", ""), p.get("section", ""), p.get("exercise", ""), p["minutes"])
        for p in data.get("part", ())
    )
    minutes = dict(data.get("minutes", {}))
    for part in parts:
        if part.do not in DOES:
            raise ValueError(f"{data['id']}: do = {part.do!r}; use one of {', '.join(DOES)}")
        for cut, time in part.minutes.items():
            minutes[cut] = minutes.get(cut, 0) + time
    return Step(
        id=data["id"],
        title=data["title"],
        chapter=data.get("chapter", ""),
        objective=data.get("objective", ""),
        wrong=tuple((entry["seen"], entry["say"]) for entry in data.get("wrong", ())),
        parts=parts,
        minutes=minutes,
    )


def questions(path=FOLDER / "check.toml"):
    """Return the questions of the check: dicts with ask, options and book."""
    return tomllib.loads(path.read_text(encoding="utf-8"))["question"]


def clock(minutes):
    """Write minutes since the start as hours and minutes: 0:06."""
    return f"{minutes // 60}:{minutes % 60:02}"


def cut_table(plan, name):
    """Return a cut as Markdown: for whom, then a table of when, how long, and what is done."""
    cut = next(cut for cut in plan.cuts if cut.name == name)
    lead = f"For {cut.audience}. **Afterwards everybody can {cut.goal}.**"
    if cut.computes:
        lead += (
            f" Two cores compute all cells of its chapters in {cut.computes} seconds: nobody waits"
            " for the machine."
        )
    rows, now = ["| from | minutes | what is done |", "|---|---|---|"], 0
    for step in plan.steps_in(name):
        title = f"[{step.title}]({step.chapter}.ipynb)" if step.chapter else step.title
        rows.append(f"| **{clock(now)}** | **{step.minutes[name]}** | **{title}** |")
        if not step.parts:
            now += step.minutes[name]
        for part in step.parts_in(name):
            rows.append(f"| {clock(now)} | {part.minutes[name]} | {_says(step, part)} |")
            now += part.minutes[name]
    return "\n".join([lead, "", *rows, f"| **{clock(now)}** | | **End** |"])


def _says(step, part):
    if part.exercise:
        number = part.exercise.rpartition("-")[2]
        return f"Exercise {number} (`{part.exercise}`)"
    where = (
        f" [{part.section}]({step.chapter}.ipynb#{slugify(part.section)})" if part.section else ""
    )
    return f"{DOES[part.do]}{where}: {part.what}"


def steps_text(plan):
    """Return every step as Markdown: its objective, and what goes wrong."""
    lines = []
    for step in plan.steps:
        if not step.wrong:
            continue
        cuts = ", ".join(f"{cut.title}: {step.minutes[cut.name]}" for cut in plan.cuts
                         if cut.name in step.minutes)  # fmt: skip
        lines += [f"### {step.title}", "", f"*Minutes: {cuts}.*", ""]
        lines += [f"**Afterwards everybody can** {step.objective}.", ""]
        lines += [f"- {seen} **Say:** {say}" for seen, say in step.wrong] + [""]
    return "\n".join(lines)


def check_text(asked, key):
    """Return the questions as Markdown; with the key, what each answer shows."""
    lines = []
    for number, question in enumerate(asked, start=1):
        lines += [f"**{number}.** {question['ask']}", ""]
        for letter, option in zip("ABCD", question["options"], strict=True):
            told = ""
            if key:
                told = " **Right.**" if option.get("right") else f": *{option['belief']}*"
            lines.append(f"- {letter}) {option['say']}{told}")
        lines += ["", f"Shown in [the book]({question['book']}).", ""] if key else [""]
    return "\n".join(lines)


class CutTable(MarkdownDirective):
    """A cut by the minute."""

    def text(self, argument):
        """Return the table."""
        plan = load()
        if argument not in {cut.name for cut in plan.cuts}:
            raise ValueError(f"no cut {argument!r}")
        return cut_table(plan, argument)


class Steps(MarkdownDirective):
    """All steps: objectives, what goes wrong."""

    def text(self, argument):
        """Return the steps."""
        return steps_text(load())


class Check(MarkdownDirective):
    """The five questions, or their key."""

    def text(self, argument):
        """Return the questions."""
        return check_text(questions(), key=argument == "key")


def setup(app):
    """Give the page its directives."""
    app.add_directive("workshop-cut", CutTable)
    app.add_directive("workshop-steps", Steps)
    app.add_directive("workshop-check", Check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
