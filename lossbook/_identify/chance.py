"""How easily a number fits something by chance: how many others were tried near it."""

from collections.abc import Sequence

import numpy as np

from lossbook._identify.candidates import Candidate

LIKELY = 0.01  # of numbers with these digits: from here on a fit may be one of chance


def chance_of(
    lead: Candidate,
    same: Sequence[Candidate],
    found: Sequence[Candidate],
    running: np.ndarray,
    number: float,
    half_width: float,
) -> float:
    """Return the share of such numbers that fit something that assumes no more than a match does.

    Formula: of the numbers within half of the number's size, those closer than half_width to a
    value that was tried. `same` are the candidates with the coefficients of the match itself,
    `running` other values that were tried, of two slips.
    """
    if not (np.isfinite(number) and half_width):
        return 0.0
    own = {id(candidate) for candidate in same}
    tried = np.array([c.value for c in found if c.slips <= lead.slips and id(c) not in own])
    if lead.kind == "batches" or lead.slips > 1:
        tried = np.concatenate([tried, running])
    near = tried[np.abs(tried - number) <= max(abs(number), 2 * half_width) / 2]
    apart = len(np.unique(np.round(near / half_width))) if len(near) else 0
    return float(min(2 * half_width * apart / max(abs(number), 2 * half_width), 1.0))
