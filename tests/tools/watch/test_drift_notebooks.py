"""What a notebook prints with another Keras is told cell by cell. No release is installed here."""

import copy
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks.files import IGNORED, text
from tools.watch import drift_notebooks as drift
from tools.watch import environments

MORE = "and 3 more lines"
WAITING = "{} more cells stop for want of what these would have made."
TABLE = "<table><tr><td>{}</td></tr><tr><td>2.5</td></tr></table>"


def printed(source, *lines, **metadata):
    outputs = [new_output("stream", text="\n".join(lines) + "\n")] if lines else []
    return new_code_cell(source, outputs=outputs, metadata=metadata)


def table(number):
    data = {"text/latex": "$x$", "text/plain": "<Trace>", "text/html": TABLE.format(number)}
    return [new_output("execute_result", data)]


def a_notebook():
    cells = [
        new_markdown_cell("# Masks"),
        printed("total = loss(y)\nprint(total)", "loss", "0.5000", "of 4"),
        new_markdown_cell("Some text.\n\n## The trap"),
        printed("print(total)", "0.5000"),
        new_code_cell("trace", outputs=table(1.5)),
        printed("figure()", tags=[IGNORED, "figure"]),
    ]
    for cell, name in zip(cells, "abcdef", strict=True):
        cell.id = name
    return new_notebook(cells=cells)


def ran(change=lambda cells: None):
    """The notebook as a run leaves it, but for a change."""
    fresh = copy.deepcopy(a_notebook())
    change(fresh.cells)
    return drift.differences("4 Masks", a_notebook(), fresh)


def error(name, text="", trace=()):
    return new_output("error", ename=name, evalue=text, traceback=list(trace))


def test_a_run_that_prints_what_is_saved():
    def noise(cells):
        cells[1].outputs.insert(0, new_output("stream", name="stderr", text="W0000 cuda\n"))
        cells[5].outputs = [new_output("display_data", {"image/png": "aaaa"})]
        data = cells[4].outputs[0].data
        cells[4].outputs[0].data = dict(reversed(data.items()))

    assert ran(noise) == []


def streams(text):
    return [new_output("stream", text=text)]


TRACE = ["Traceback", "      1 x = 1\n\x1b[32m----> 2\x1b[0m assert x == 2\n      3 y"]


@pytest.mark.parametrize(
    ("cell", "outputs", "place", "old", "new"),
    [
        (3, streams("0.4000\n"), "The trap", ("0.5000",), ("0.4000",)),
        # of a long text the lines that differ
        (1, streams("loss\n0.4000\nof 4\n"), "Masks", ("0.5000",), ("0.4000",)),
        # a table by its rows where the text beside it says less
        (4, table(1.25), "The trap", ("1.5",), ("1.25",)),
        (3, [], "The trap", ("0.5000",), ()),
        (3, streams("\n".join("abcdefg")), "The trap", ("0.5000",), (*"abcd", MORE)),
        # a missing name with nothing stopped before it
        (3, [error("NameError", "no x")], "The trap", ("0.5000",), ("stops: NameError: no x",)),
        # a bare assertion by its line, even where nothing is compared
        (
            5,
            [error("AssertionError", "", TRACE)],
            "The trap",
            (),
            ("stops: AssertionError: assert x == 2",),
        ),
    ],
)
def test_what_a_cell_prints_otherwise_is_told(cell, outputs, place, old, new):
    def change(cells):
        cells[cell].outputs = outputs

    assert ran(change) == [drift.Difference(f"4 Masks, {place}", old, new)]


def test_a_cell_that_stops_is_one_line_and_what_needs_it_is_counted():
    def stop(cells):
        cells[1].outputs = [error("TypeError", "\x1b[31mno such option\x1b[0m\nand more")]
        cells[3].outputs = [error("NameError", "name 'total' is not defined")]

    first, rest = ran(stop)
    assert first.new == ("stops: TypeError: no such option",)
    assert first.old == ("loss", "0.5000", "of 4")
    assert rest == drift.Difference("4 Masks", (), (WAITING.format(1),), 1)


FOUND = [
    drift.Difference("4 Masks, The trap", ("0.5000",), ("0.4000",)),
    drift.Difference("4 Masks", (), (WAITING.format(2),), 2),
]
COUNTS = {
    "04_masks": {"passed": 32, "failed": 3, "skipped": 0, "seconds": 1.0},
    "05_weights": {"passed": 35, "failed": 0, "skipped": 0, "seconds": 1.0},
}


def test_the_report():
    assert drift.report([], COUNTS) == "### Notebooks: 0 of 70 cells print something else\n"
    assert drift.report(FOUND, COUNTS) == (
        "### Notebooks: 3 of 70 cells print something else\n\n"
        "4 Masks, The trap:\n\n```diff\n- 0.5000\n+ 0.4000\n```\n\n"
        f"4 Masks:\n\n```diff\n+ {WAITING.format(2)}\n```\n"
    )


def test_a_notebook_runs_to_its_end_whatever_its_cells_do(tmp_path, monkeypatch):
    """In a real kernel: the first cell stops, the second prints, the third ends the kernel."""
    monkeypatch.setattr(environments, "KERNELS", tmp_path)
    file = tmp_path / "04_masks.ipynb"
    cells = [new_markdown_cell("# Masks"), printed("1 / 0", "0.5000")]
    cells.append(printed("print('0.2500')", "0.2500"))
    cells += [printed("import os\nos._exit(1)"), printed("print('0.1')", "0.1"), printed("1")]
    file.write_text(text(new_notebook(cells=cells)), encoding="utf8")
    found, counts = drift.run_all("drift-test", sys.executable, [file])
    counts["04_masks"].pop("seconds")
    assert counts == {"04_masks": {"passed": 1, "failed": 4, "skipped": 0}}
    assert [(one.place, one.new) for one in found] == [
        ("4 Masks, Masks", ("stops: ZeroDivisionError: division by zero",)),
        ("4 Masks, Masks", ("stops: DeadKernelError: Kernel died",)),
        ("4 Masks", (WAITING.format(2),)),
    ]


def test_the_record_names_what_will_move(monkeypatch):
    versions = {"python": "3.11.7", "keras": "3.16.0"}
    monkeypatch.setattr(environments, "versions", lambda python, backend: versions)
    made = drift.record("python", [*FOUND, FOUND[0]], COUNTS)
    assert made["notes"] == ["The next release may print other numbers there: 4 Masks, The trap."]
    assert made["notebooks"] == COUNTS and made["keras"] == "3.16.0"
    assert drift.record("python", [], COUNTS)["notes"] == []
