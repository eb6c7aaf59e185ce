"""The kinds of disagreement in the atlas, read from records/atlas/kinds.md."""

import re
from dataclasses import dataclass
from pathlib import Path

from records.atlas.releases import RELEASES

PAGE = Path(__file__).with_name("kinds.md")
# Seen in the records, but not rows of records/atlas/README.md: each shows in one case alone.
FURTHER = ("COSSIGN", "LWPACK")


@dataclass(frozen=True)
class Group:
    """Releases that reported the same: a number, a list of numbers, or a word."""

    outcome: object
    releases: tuple


@dataclass(frozen=True)
class Witness:
    """A case and a method that part the releases."""

    case: str
    method: str
    log: str | None
    groups: list


@dataclass(frozen=True)
class Kind:
    """One kind of disagreement."""

    name: str
    verdict: str
    shows: str
    sources: list
    witnesses: list


def short(release):
    """Return framework and version as they are written here: keras, 2.2.4 or 3.15."""
    framework, _, version = release.rpartition("-")
    if framework == "keras" and version.startswith("2.2."):
        return framework, version
    return framework, ".".join(version.split(".")[:2])


def releases(ranges):
    """Return the names of the releases in `keras 2.2.4-2.2.5, 3.0-3.15; tf_keras`."""
    found = []
    for part in ranges.split("; "):
        framework, _, spans = part.partition(" ")
        line = {short(name)[1]: name for name in RELEASES if short(name)[0] == framework}
        versions = list(line)
        for span in spans.split(", ") if spans else [f"{versions[0]}-{versions[-1]}"]:
            first, _, last = span.partition("-")
            start, stop = versions.index(first), versions.index(last or first)
            assert start <= stop, f"{framework} {span} runs backwards"
            found += [line[version] for version in versions[start : stop + 1]]
    return tuple(found)


def outcome(text):
    """Return a number, a list of them, or a word."""
    if text.startswith("["):
        return [outcome(part) for part in text[1:-1].split(", ")]
    return float(text) if re.match(r"-?\d|nan|-?inf", text) else text


def witness(block):
    """Return the witness that a block of lines describes."""
    first, *rows = block.splitlines()
    case, method, *log = first.split()
    groups = [[part.strip() for part in row.split("|")] for row in rows]
    groups = [Group(outcome(number), releases(ranges)) for number, ranges, *_ in groups]
    return Witness(case, method, log[0] if log else None, groups)


def kind(section):
    """Return the kind that a section of the page describes."""
    words, block, _ = section.split("```")
    title, shows, sources = words.strip().split("\n\n")
    name, verdict = title.split(": ")
    sources = [line.removeprefix("- ").replace("`", "") for line in sources.splitlines()]
    witnesses = [witness(one) for one in block.strip().split("\n\n")]
    return Kind(name, verdict, shows, sources, witnesses)


KINDS = tuple(kind(section) for section in PAGE.read_text("utf-8").split("\n## ")[1:])
