"""What 40 real releases printed for the same cases: the recorded runs that the rules are held to.

Each case is a small model with its data, weights and masks, run through the public API of every
release (`records/atlas` in the repository has the cases and the full results, errors included).
This module carries the numbers: `recorded` for one case, `groups` and `text` for who printed what,
`moved` for what changes between two releases.
"""

from lossbook.atlas._moved import USES, Move, Moved, moved
from lossbook.atlas._records import cases, groups, lines, recorded, releases, spans, text

__all__ = [
    "USES",
    "Move",
    "Moved",
    "cases",
    "groups",
    "lines",
    "moved",
    "recorded",
    "releases",
    "spans",
    "text",
]
