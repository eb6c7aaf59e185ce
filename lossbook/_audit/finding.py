"""What an audit finds: findings, their order along the path, and how they look."""

from dataclasses import dataclass, field
from html import escape

import numpy as np

SEVERITIES = ("error", "warning", "note")

# code: (severity, chapter), in the order of the path from targets to the reported loss.
CODES = {
    "labels-range": ("error", "02_elementwise.ipynb"),
    "labels-not-one-hot": ("error", "02_elementwise.ipynb"),
    "one-class": ("error", "02_elementwise.ipynb"),
    "logits-as-probabilities": ("error", "02_elementwise.ipynb"),
    "probabilities-as-logits": ("error", "02_elementwise.ipynb"),
    "activation-mismatch": ("error", "02_elementwise.ipynb"),
    "probabilities-sum": ("error", "02_elementwise.ipynb"),
    "not-finite": ("error", "04_masks.ipynb"),
    "float16-underflow": ("warning", "02_elementwise.ipynb"),
    "probabilities-clipped": ("warning", "02_elementwise.ipynb"),
    "targets-refused": ("error", "03_class_axis.ipynb"),
    "targets-broadcast": ("error", "11_custom_losses.ipynb"),
    "loss-reduces-batch": ("warning", "11_custom_losses.ipynb"),
    "loss-without-rows": ("error", "11_custom_losses.ipynb"),
    "mask-lost": ("error", "04_masks.ipynb"),
    "mask-axis": ("error", "04_masks.ipynb"),
    "mask-refused": ("error", "04_masks.ipynb"),
    "mask-batches": ("note", "04_masks.ipynb"),
    "class-weight-refused": ("error", "05_weights.ipynb"),
    "class-weight-labels": ("error", "05_weights.ipynb"),
    "class-weight-missing": ("warning", "05_weights.ipynb"),
    "weights-axis": ("error", "05_weights.ipynb"),
    "weights-refused": ("error", "05_weights.ipynb"),
    "weights-fewer": ("error", "05_weights.ipynb"),
    "weights-zero": ("warning", "05_weights.ipynb"),
    "weighted-mean-batches": ("warning", "10_mean_of_means.ipynb"),
    "reduction-sum": ("warning", "06_reduction.ipynb"),
    "reduction-none": ("warning", "06_reduction.ipynb"),
    "float16-loss": ("warning", "06_reduction.ipynb"),
    "float16-no-scale": ("warning", "06_reduction.ipynb"),
    "class-forgotten": ("warning", "12_case_study.ipynb"),
    "loss-refused": ("error", "07_outputs.ipynb"),
    "loss-weight-zero": ("warning", "07_outputs.ipynb"),
    "output-dwarfed": ("warning", "07_outputs.ipynb"),
    "regulariser-larger": ("warning", "08_additional_losses.ipynb"),
    "short-batch": ("warning", "09_epochs.ipynb"),
}
_PLACE = {code: place for place, code in enumerate(CODES)}


@dataclass(frozen=True)
class Finding:
    """Something that the number hides: what it is, what shows it, how to mend it.

    `severity` is "error" (the number is not what anyone means), "warning" (it may well not be) or
    "note". `evidence` maps names to shapes and values of the real tensors; `chapter` is the file
    in `book/` that explains it.
    """

    code: str
    severity: str
    message: str
    evidence: dict = field(hash=False)
    fix: str
    chapter: str

    def __str__(self):
        lines = [f"{self.severity}: {self.message}", f"  fix: {self.fix}"]
        shown = "; ".join(evidence_lines(self.evidence))
        return "\n".join([*lines, f"  evidence: {shown}", f"  {self.code}, {self.chapter}"])


def found(code, message, fix, evidence, severity=None):
    """Make a Finding of a code; its severity and chapter stand in CODES."""
    usual, chapter = CODES[code]
    plain = {name: _plain(value) for name, value in evidence.items()}
    return Finding(code, severity or usual, message, plain, fix, chapter)


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


def evidence_lines(evidence):
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


class Findings(tuple):
    """All findings of an audit, errors first, then along the path: a tuple that can be read."""

    __slots__ = ()

    def __repr__(self):
        return "\n\n".join([self._head(), *map(str, self)])

    def _repr_html_(self):
        items = "".join(_html(finding) for finding in self)
        return f'<div class="lossbook"><p>{escape(self._head())}</p>{items}</div>'

    def _head(self):
        counts = {s: sum(finding.severity == s for finding in self) for s in SEVERITIES}
        said = [f"{n} {s}{'s' if n > 1 else ''}" for s, n in counts.items() if n]
        return f"{', '.join(said)} found." if said else "Nothing found."


def _html(finding):
    """Return one finding as static HTML: no scripts, colours of the page around it."""
    evidence = "".join(
        f"<li><code>{escape(s)}</code></li>" for s in evidence_lines(finding.evidence)
    )
    return (
        f"<details open><summary><strong>{escape(finding.severity)}</strong> "
        f"{escape(finding.message)}</summary>"
        f"<p>{escape(finding.fix)}</p><ul>{evidence}</ul>"
        f"<p><code>{escape(finding.code)}</code>, {escape(finding.chapter)}</p></details>"
    )


def ordered(findings):
    """Return Findings: by severity, then along the path; equal ones in the order they came."""
    unique = []
    for finding in findings:
        if all((f.code, f.message) != (finding.code, finding.message) for f in unique):
            unique.append(finding)
    return Findings(sorted(unique, key=lambda f: (SEVERITIES.index(f.severity), _PLACE[f.code])))
