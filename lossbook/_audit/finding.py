"""What an audit finds: the kinds of findings, their order along the path, and how they look."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from lossbook._core import section_on, site_page

SEVERITIES = ("error", "warning", "note")
SYMPTOMS = {  # what a user sees, in a user's words
    "raises": "Keras raises an error",
    "nan": "The loss is NaN or infinite",
    "batch-size": "The loss depends on the batch size",
    "never-learns": "One class, or one output, never learns",
    "no-effect": "Weights, a mask or a penalty change nothing, or the wrong thing",
    "padding": "Padding, or what is unknown, counts in the loss",
    "stuck": "The loss does not fall",
    "falls": "The loss falls, and nothing gets better",
    "scale": "The loss is far too large, or far too small",
    "by-hand": "The loss is not what I compute by hand",
    "shown": "The number shown is not the one that is minimised",
    "backend": "Another backend, precision or release gives another loss",
}
HAZARDS: dict[str, "Hazard"] = {}  # by code; every file of `checks` adds its own


@dataclass(frozen=True)
class Finding:
    """What is wrong with a loss, the evidence for it, and how to mend it.

    `severity` is "error" (the number is not what anyone means), "warning" (it may well not be) or
    "note". `evidence` maps names to shapes and values of the real tensors; `chapter` is the file
    in `book/` that explains it.
    """

    code: str
    severity: str
    message: str
    evidence: dict[str, Any] = field(hash=False)
    fix: str
    chapter: str

    @property
    def url(self) -> str:
        """The section on this code, on the site of the book; "" as long as the book has none."""
        return site_page(f"findings.html#{self.code}")

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.message}", f"  fix: {self.fix}"]
        plain, tables = parted(self.evidence)
        lines += [f"  evidence: {'; '.join(plain)}"] if plain else []
        for name, table in tables.items():
            lines += [f"  {name}:", *(f"    {line}" for line in table.splitlines())]
        return "\n".join([*lines, f"  {self.code}, {self.chapter}: {section_on(self.code)}"])


@dataclass(eq=False)
class Hazard:
    """A kind of finding. `place` orders the kinds along the path from targets to the loss.

    `means` says in one sentence what is found, `why` why Keras does it, `ignore` when it is meant;
    `symptoms` are keys of SYMPTOMS, `asked` the addresses of threads. `planted` makes an example, a
    model and data that have the finding; `planted(mended=1)` is the same with the first of `ways`,
    the ways out, applied.
    """

    code: str
    severity: str
    chapter: str
    place: int
    means: str
    why: str
    ignore: str
    symptoms: tuple[str, ...]
    asked: tuple[str, ...] = ()
    planted: Callable[..., Any] | None = None
    ways: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        HAZARDS[self.code] = self

    def example(self, *ways: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate the function that makes the planted example; `ways` are its ways out."""

        def keep(planted: Callable[..., Any]) -> Callable[..., Any]:
            self.planted, self.ways = planted, ways
            return planted

        return keep

    def found(
        self,
        message: str,
        fix: str,
        evidence: dict[str, Any],
        severity: str | None = None,
        error: Exception | None = None,
    ) -> Finding:
        """Make a Finding of this kind, of its own severity unless another is given.

        The words of an `error` of Keras's are its last evidence.
        """
        plain = {name: _plain(value) for name, value in evidence.items()}
        plain |= {} if error is None else {"Keras": keras_words(error)}
        return Finding(self.code, severity or self.severity, message, plain, fix, self.chapter)


def keras_words(error: BaseException, most: int = 300) -> str:
    """Return the class and the first line of an error, without TensorFlow's names of nodes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"^\{\{function_node [^}]*\}\} | \[Op:.*$", "", lines[0] if lines else "")
    return f"{type(error).__name__}: {text}"[:most]


def _plain(value):
    """Return NumPy's numbers as Python's, float32 as short as it was."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(part) for part in value)
    if isinstance(value, dict):
        return {_plain(key): _plain(part) for key, part in value.items()}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{float(value):.7g}")
    return value


def parted(evidence: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the evidence in single lines, and the tables in it."""
    tables = {k: v for k, v in evidence.items() if isinstance(v, str) and "\n" in v}
    return evidence_lines({k: v for k, v in evidence.items() if k not in tables}), tables


def evidence_lines(evidence: dict[str, Any]) -> list[str]:
    """Return "name = value" for every piece of evidence, with four digits."""
    return [f"{name} = {_shown(value)}" for name, value in evidence.items()]


def _shown(value):
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_shown(k)}: {_shown(v)}' for k, v in value.items())}}}"
    return str(value)


class Findings(tuple[Finding, ...]):
    """All findings of an audit, errors first, then along the path: a tuple that can be read.

    `scope` says what audit could not look at, `seen` what it did: rows, batches, outputs, checks.
    """

    scope = ""
    seen = ""

    def __repr__(self) -> str:
        head = "\n".join(filter(None, [self._head(), self.seen]))
        return "\n\n".join([head, *map(str, self)])

    def _repr_html_(self) -> str:
        items = "".join(_html(finding) for finding in self)
        head = "".join(f"<p>{escape(line)}</p>" for line in (self._head(), self.seen) if line)
        return f'<div class="lossbook">{head}{items}</div>'

    def _head(self):
        counts = {s: sum(finding.severity == s for finding in self) for s in SEVERITIES}
        shown = [f"{n} {s}{'s' if n > 1 else ''}" for s, n in counts.items() if n]
        found = f"{', '.join(shown)} found." if shown else "Nothing found."
        if self.scope and not shown:
            found = "Nothing found in what was looked at."
        return f"{found} {self.scope}".rstrip()


def _html(finding):
    """Return one finding as static HTML: no scripts, colours of the page around it."""
    plain, tables = parted(finding.evidence)
    evidence = "".join(f"<li><code>{escape(line)}</code></li>" for line in plain)
    shown = "".join(f"<p>{escape(name)}</p><pre>{escape(t)}</pre>" for name, t in tables.items())
    return (
        f"<details open><summary><strong>{escape(finding.severity)}</strong> "
        f"{escape(finding.message)}</summary>"
        f"<p>{escape(finding.fix)}</p><ul>{evidence}</ul>{shown}"
        f"<p>{_linked(finding)}</p></details>"
    )


def _linked(finding):
    """Return code and chapter, with a link, or with what prints the section."""
    code, chapter = f"<code>{escape(finding.code)}</code>", escape(finding.chapter)
    if finding.url:
        return f'<a href="{escape(finding.url)}">{code}</a>, {chapter}'
    return f"{code}, {chapter}: <code>{escape(section_on(finding.code))}</code>"


def ordered(findings: Iterable[Finding], scope: str = "", seen: str = "") -> Findings:
    """Return Findings: by severity, then along the path; each message once."""
    unique: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        unique.setdefault((finding.code, finding.message), finding)
    found = Findings(
        sorted(unique.values(), key=lambda f: (SEVERITIES.index(f.severity), HAZARDS[f.code].place))
    )
    found.scope, found.seen = scope, seen
    return found
