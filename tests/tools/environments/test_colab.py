"""Colab's versions: what the setup cell may do, which environments are made."""

import re

import pytest
import yaml

from tools.environments import colab
from tools.notebooks.files import ROOT, code_cells, notebooks, read

BEFORE = ("keras==3.13.2", "numpy==2.1.3", "pip==24.1.2")
OURS = "lossbook @ file:///a/lossbook.zip#sha256=1"
LINE = "Keras 3.13.2 on tensorflow 2.20.0, device cpu:0, lossbook 0.1.0, Python 3.13.0\n"
GOOD = colab.Cell(LINE, 7.6, BEFORE, (*BEFORE[:1], OURS, *BEFORE[1:]))


def test_a_setup_cell_that_adds_lossbook_alone_is_right():
    assert colab.problems(GOOD) == []
    assert colab.notes(GOOD)[1] == (
        "The setup cell added lossbook, left the 3 other packages as they were, took 8 s and "
        "printed one line."
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"printed": "Note: you may need to restart the kernel.\n" + LINE},
            "The setup cell prints 2 lines:\nNote: you may need to restart the kernel.\n" + LINE,
        ),
        ({"printed": ""}, "The setup cell prints 0 lines:\n"),
        ({"before": GOOD.after}, "lossbook was there before the setup cell ran."),
        ({"after": BEFORE}, "The setup cell did not install lossbook."),
        (
            {"after": ("keras==3.15.1", OURS, *BEFORE[1:])},
            "The setup cell changed more than lossbook: keras==3.15.1, keras==3.13.2.",
        ),
        (
            {"after": (*GOOD.after, "lossbook-extras==1.0")},
            "The setup cell changed more than lossbook: lossbook-extras==1.0.",
        ),
        (
            {"after": (OURS, *BEFORE[1:])},
            "The setup cell changed more than lossbook: keras==3.13.2.",
        ),
    ],
)
def test_what_a_reader_would_mind_is_said(change, problem):
    assert problem in colab.problems(GOOD._replace(**change))


def test_a_slow_setup_cell_is_noted_and_fails_nothing():
    slow = GOOD._replace(seconds=31.2)
    assert colab.problems(slow) == []
    assert "took 31 s (more than 20 s) and" in colab.notes(slow)[1]


def test_the_cell_is_the_readers_own_with_another_source_of_the_package():
    cell = code_cells(read(notebooks()[0]))[0].source
    ours = colab.setup_cell("/a/lossbook.zip")
    differ = [
        (theirs, mine)
        for theirs, mine in zip(cell.splitlines(), ours.splitlines(), strict=True)
        if theirs != mine
    ]
    ((theirs, mine),) = differ
    assert theirs.startswith('    !"{sys.executable}" -m pip install -qq --no-deps git+https://')
    assert mine == '    !"{sys.executable}" -m pip install -qq --no-deps /a/lossbook.zip'


def test_a_cell_that_installs_from_elsewhere_is_refused(monkeypatch):
    monkeypatch.setattr(colab, "repository", lambda: {"url": "https://elsewhere", "branch": "x"})
    with pytest.raises(ValueError, match=r"installs nothing from git\+https://elsewhere@x"):
        colab.setup_cell("/a/lossbook.zip")


def test_what_is_packed_is_what_is_committed(tmp_path):
    from zipfile import ZipFile

    names = ZipFile(colab.archive(tmp_path)).namelist()
    assert {"pyproject.toml", "lossbook/__init__.py"} <= set(names)
    assert not [name for name in names if name.startswith((".venv", "_build"))]


@pytest.mark.parametrize("name", colab.RUNTIMES)
def test_a_runtime_pins_what_notebooks_and_kernel_need(name):
    runtime = colab.RUNTIMES[name]
    pins = dict(re.fullmatch(r"([\w-]+)==([\w.]+)", pin).groups() for pin in runtime.packages)
    needed = {"tensorflow", "keras", "numpy", "matplotlib", "ipython", "ipykernel", "pip"}
    assert needed <= set(pins) and "lossbook" not in pins
    assert len(pins) == len(runtime.packages)


def test_the_workflow_has_the_pythons_of_the_runtimes():
    workflow = yaml.safe_load((ROOT / ".github/workflows/colab.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    (given,) = (s["with"]["python-version"] for s in job["steps"] if "setup-python" in str(s))
    assert set(given.split()) == {runtime.python for runtime in colab.RUNTIMES.values()}
    assert given.split()[-1] == colab.RUNTIMES[colab.NEWEST].python


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_notebook_asks_colab_for_a_gpu(path):
    metadata = read(path).metadata
    assert metadata.accelerator == "GPU" and metadata.colab.gpuType
