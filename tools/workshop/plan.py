"""The workshop's plan: what is taught when, in three cuts.

workshop/plan.toml and workshop/check.toml are the source; `load` refuses a plan that doesn't add
up. The page for instructors and the slides are made from it.
"""

import tomllib
from typing import NamedTuple

from tools.notebooks.files import ROOT

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
    audience: str
    goal: str
    computes: int | None = None  # seconds, as measured


class Part(NamedTuple):
    """What is done for some minutes, all of one kind; `minutes` by cut."""

    do: str
    minutes: dict
    what: str = ""
    section: str = ""
    exercise: str = ""


class Step(NamedTuple):
    """One topic: a chapter, or a break; `minutes` by cut."""

    id: str
    title: str
    minutes: dict
    parts: tuple = ()
    chapter: str = ""
    objective: str = ""
    wrong: tuple = ()  # pairs: what is seen, what to say

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
    cuts = tuple(Cut(name, **cut) for name, cut in data["cuts"].items())
    plan = Plan(cuts, tuple(_step(step) for step in data["step"]))
    for cut in cuts:
        minutes = sum(step.minutes.get(cut.name, 0) for step in plan.steps)
        if minutes != cut.total:
            raise ValueError(
                f"{path.name}: the steps of {cut.title!r} take {minutes} minutes, not {cut.total}"
            )
    return plan


def _step(data):
    parts = tuple(Part(**part) for part in data.pop("part", ()))
    minutes = data.pop("minutes", {})
    for part in parts:
        if part.do not in DOES:
            raise ValueError(f"{data['id']}: do = {part.do!r}; use one of {', '.join(DOES)}")
        for cut, time in part.minutes.items():
            minutes[cut] = minutes.get(cut, 0) + time
    wrong = tuple((entry["seen"], entry["say"]) for entry in data.pop("wrong", ()))
    return Step(minutes=minutes, parts=parts, wrong=wrong, **data)


def questions(path=FOLDER / "check.toml"):
    """Return the questions of the check: dicts with ask, options and book."""
    return tomllib.loads(path.read_text(encoding="utf-8"))["question"]


def survey():
    """Return what the sheet asks participants at the end."""
    return tomllib.loads((FOLDER / "check.toml").read_text(encoding="utf-8"))["survey"]


def clock(minutes):
    """Write minutes since the start as hours and minutes: 0:06."""
    return f"{minutes // 60}:{minutes % 60:02}"
