"""Make the learners' version of every notebook: the hints stay, the solutions and outputs go.

    python -m tools.workshop.learner_notebooks

What is to be predicted must not stand below the cell already. A saved run of the setup cell would
name another machine. The badge goes as well: it opens the version with solutions.
"""

import copy
import re
import shutil

from tools.notebooks.exercises import without_solutions
from tools.notebooks.files import ROOT, name_of, notebooks, read, text

OUT = ROOT / "_build/learner"
BADGE = re.compile(r"\[!\[[^\]]*\]\([^)]*\)\]\(https://colab\.research\.google\.com/[^)]*\)\n*")


def learner(nb):
    """Return the learners' version of a notebook."""
    nb = copy.deepcopy(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            continue
        cell.source = without_solutions(BADGE.sub("", cell.source)).strip()
    nb.cells = [cell for cell in nb.cells if cell.source]
    return nb


def write(out=OUT):
    """Write all learners' notebooks into a folder, made anew; return their paths."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    written = []
    for path in notebooks():
        written.append(out / path.name)
        written[-1].write_text(text(learner(read(path))), encoding="utf8")
    return written


if __name__ == "__main__":
    paths = write()
    print(f"{len(paths)} notebooks without solutions: {name_of(OUT)}")
