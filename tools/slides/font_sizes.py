"""How large the letters of code and outputs can be on a slide, for the back row.

An estimate, in pixels of a slide of 1280 by 720 and in the letters of the widest usual fonts. It
chooses a size; whether all fits is measured in a browser (tests/browser/test_slides.py).
"""

import re
from math import ceil

SIZES = (34, 31, 28, 25, 22)  # of the letters, largest first
WIDE, HIGH = 1090, 605  # what code can have: inside of its box; below the edge, above the number
LETTER, LINE = 0.61, 1.35  # a letter's width, a line's height, in sizes
GAP = 24  # between two things on a slide
TITLE, WORDS = (66, 38), (52, 50)  # height of a line; letters in a line
FORMULA, PICTURE = 180, 400


def left(title, texts, formulas, pictures):
    """Return the height that is left for code and outputs beside all else."""
    high = HIGH - TITLE[0] * ceil(len(title) / TITLE[1])
    for text in texts:
        for block in re.split(r"\n\s*\n|\n(?=- )", text.strip()):
            height, letters = WORDS
            boxed = 36 if block.startswith("*Predict") else 0
            high -= height * ceil(len(block) / letters) + GAP + boxed
    return high - (FORMULA + GAP) * formulas - (PICTURE + GAP) * pictures


def sizes(blocks, high):
    """Return a size for each block of lines, so that they fit below each other if they can."""
    for limit in SIZES:
        chosen = [min(limit, _by_width(block)) for block in blocks]
        heights = [size * LINE * len(b) + GAP + 12 for size, b in zip(chosen, blocks, strict=True)]
        if sum(heights) <= high:
            return chosen
    return [SIZES[-1]] * len(blocks)


def _by_width(lines):
    widest = max(map(len, lines), default=0)
    return next((size for size in SIZES if size * LETTER * widest <= WIDE), SIZES[-1])
