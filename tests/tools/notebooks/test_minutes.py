"""The minutes that a chapter says are those of the model, which leaves out what is folded."""

import re

import nbformat
import pytest

from tools.notebooks.files import name_of, notebooks, read
from tools.notebooks.minutes import minutes


@pytest.mark.parametrize("path", notebooks(), ids=name_of)
def test_a_chapter_says_what_the_model_says(path):
    nb = read(path)
    said = re.search(r"`(\d+) minutes · needs: .+? · exercises: (\d+) minutes", nb.cells[0].source)
    reading, exercises = minutes(nb)
    assert abs(int(said[1]) - reading) <= 2, f"the model says {reading}"
    assert int(said[2]) == exercises


def test_asides_and_helpers_cost_nothing():
    new = nbformat.v4
    words = " ".join(["word"] * 400)
    code = "\n".join(["line"] * 40)
    cells = [
        new.new_markdown_cell(
            f"{words}\n\n<details><summary>More</summary>\n\n{words}\n\n</details>"
        ),
        new.new_code_cell(code),
        new.new_code_cell(code, metadata={"tags": ["hide-input"]}),
        new.new_markdown_cell(f"## Exercises\n\n{words}"),
        new.new_code_cell("answer = ...", metadata={"tags": ["exercise"]}),
    ]
    assert minutes(new.new_notebook(cells=cells)) == (4, 5)
