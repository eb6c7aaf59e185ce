"""How long a chapter takes: a model of its words, its open code and its exercises.

What is folded (asides, helpers, hints) is left out: it is read by those who open it.
"""

import re

from tools.notebooks.files import tags_of

WORDS = 200  # that are read in a minute
LINES = 20  # of code
EXERCISE = 5  # minutes
FOLDED = {"device", "hide-input", "hide-cell"}


def minutes(nb):
    """Return the minutes for reading a chapter, and those for its exercises."""
    words = lines = 0
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            text, _, _ = cell.source.partition("## Exercises")
            text = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
            words += len(re.findall(r"[A-Za-z][\w'’-]*", re.sub(r"\]\([^)]*\)", "]", text)))
            if "## Exercises" in cell.source:
                break
        elif not FOLDED & set(tags_of(cell)):
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    exercises = sum("exercise" in tags_of(cell) for cell in nb.cells)
    return round(words / WORDS + lines / LINES), EXERCISE * exercises
