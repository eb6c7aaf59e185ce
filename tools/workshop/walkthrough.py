"""Walk through a cut of the workshop with a clock: run its notebooks cell by cell, as learners do.

    python -m tools.workshop.walkthrough 90    # every cell of every chapter, slowest first

The learners' versions run, each in its own fresh kernel, one after the other. The clock starts when
a cell is sent and stops when its answer is complete; a chapter's first cell has the start of Keras
in it. The command fails at a cell that takes longer than a minute. Write the sum into
workshop/plan.toml (`computes`, in seconds).
"""

import subprocess
import sys

from nbclient import NotebookClient

from tools.notebooks.files import ROOT, code_cells, read
from tools.notebooks.runs import seconds_of
from tools.workshop import learner_notebooks
from tools.workshop.plan import clock, load

LIMIT = 60
RESOURCES = {"metadata": {"path": ROOT / "book"}}


def walk(chapter):
    """Run the learners' version of a chapter; return a list of (seconds, cell id, first line)."""
    nb = learner_notebooks.learner(read(ROOT / "book" / f"{chapter}.ipynb"))
    client = NotebookClient(nb, timeout=600, record_timing=True, resources=RESOURCES)
    client.execute(stderr=subprocess.DEVNULL)  # TensorFlow's start-up log
    return [(seconds_of(c), c.id, c.source.splitlines()[0]) for c in code_cells(nb)]


def main(name):
    """Print the times of a cut; return how many cells took too long."""
    plan = load()
    everything = []
    for step in plan.steps_in(name):
        if not step.chapter:
            continue
        cells = walk(step.chapter)
        everything += [(seconds, step.chapter, *rest) for seconds, *rest in cells]
        slowest = max(cells)
        print(
            f"{step.chapter:22} {len(cells):3} cells {sum(c[0] for c in cells):6.1f} s"
            f"   slowest {slowest[0]:5.1f} s ({slowest[1]})",
            flush=True,
        )
    total = sum(row[0] for row in everything)
    minutes = next(cut.total for cut in plan.cuts if cut.name == name)
    print(f"\n{len(everything)} cells, {total:.0f} s of the {clock(minutes)} hours\n")
    for seconds, chapter, cell, line in sorted(everything, reverse=True)[:10]:
        print(f"{seconds:6.1f} s  {chapter}#{cell}: {line}")
    return sum(row[0] > LIMIT for row in everything)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "90"))
