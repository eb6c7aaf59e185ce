"""Where tests and notebooks run: the records (records/environments/*.json), and who writes them."""

import ast
import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

from tests.tools.environments.sample_record import RECORD
from tools.environments import runs
from tools.notebooks.files import ROOT, code_cells, notebooks, read


@pytest.mark.parametrize("name", runs.read_all())
def test_a_committed_record_counts_every_notebook_or_says_why_not(name):
    record, chapters = runs.read_all()[name], {path.stem for path in notebooks()}
    assert record.keys() == RECORD.keys() and record["environment"] == name
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"]) and all(record["notes"])
    assert record["notebooks"].keys() <= chapters
    for counts in record["notebooks"].values():
        assert sum(counts[key] for key in runs.COUNTS) > 0
    whole = record["notebooks"].keys() == chapters and not runs.total(record)["failed"]
    assert whole or record["notes"]
    assert not record["notebooks"] or all(record[key] for key in runs.VERSIONS)


def test_what_is_written_is_read_again(tmp_path):
    file = runs.write(RECORD, tmp_path)
    assert runs.read_all(tmp_path) == {"try": RECORD}
    line = '    "01_one_number": {"passed": 2, "failed": 1, "skipped": 1, "seconds": 8.1}\n'
    assert line in file.read_text()


def test_a_record_that_is_kept_counts_what_failed(monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "write", lambda record: tmp_path)
    assert runs.keep(RECORD) == 1


def test_no_setting_of_the_user_reaches_a_run(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/their/own")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    given = runs.settings("torch")
    assert given["KERAS_BACKEND"] == "torch"
    assert given["KERAS_HOME"].startswith(str(runs.ROOT))


def test_a_kernel_is_the_environments_own(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "KERNELS", tmp_path)
    assert runs.kernel("try", "/env/bin/python") == "try"
    spec = json.loads((tmp_path / "kernels/try/kernel.json").read_text())
    assert spec["argv"][0] == "/env/bin/python"


def notebook(path, *cells):
    """Write a notebook of cells that print something, with what they printed once."""
    nb = nbformat.v4.new_notebook()
    for count, (source, printed) in enumerate(cells, start=1):
        output = nbformat.v4.new_output("stream", name="stdout", text=printed)
        cell = nbformat.v4.new_code_cell(source, execution_count=count, outputs=[output])
        nb.cells.append(cell)
    nbformat.write(nb, path)
    return path


def test_a_cell_that_prints_another_number_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    monkeypatch.setattr(runs, "KERNELS", tmp_path / "kernels")
    monkeypatch.setenv("WORKERS", "1")
    (tmp_path / "book").mkdir()
    files = [
        notebook(
            tmp_path / "book/01_moved.ipynb",
            ("print(0.25)", "0.25\n"),
            ("print(0.26)", "0.25\n"),
            ("import os; print(os.environ['KERAS_BACKEND'])", "jax\n"),
        ),
        tmp_path / "book/02_broken.ipynb",
    ]
    files[1].write_text("no notebook")
    found = runs.nbval("try", sys.executable, "jax", files)
    counts = {name: tuple(found[name][key] for key in runs.COUNTS) for name in found}
    assert counts == {"01_moved": (2, 1, 0), "02_broken": (0, 1, 0)}


# --- what runs on every backend


FRAMEWORK = re.compile(r"^\s*(import|from) (tensorflow|jax|torch)\b", re.MULTILINE)
METHOD = re.compile(r"^( *)def .*(?:\n(?:\1 +.*)?$)*", re.MULTILINE)


def needs_one_framework(source):
    """Say whether a cell needs one framework to run; what a method imports waits for its call."""
    runs = METHOD.sub("", source)
    return bool(FRAMEWORK.search(runs)) and "keras.backend.backend()" not in source


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_cell_that_imports_a_framework_asks_for_the_backend(path):
    """So none has to be skipped: elsewhere it prints the same by another way."""
    assert [c.id for c in code_cells(read(path)) if needs_one_framework(c.source)] == []


@pytest.mark.parametrize(
    ("source", "one"),
    [
        ("import tensorflow as tf\ntf.ones(1)", True),
        ("if True:\n    from torch import nn", True),
        ("class A:\n    def f(self):\n        import jax\n\n        jax.f()\nx = 1", False),
        ("class A:\n    def f(self):\n        pass\n\n    import jax", True),
        ("if keras.backend.backend() == 'jax':\n    import jax", False),
        ("import keras  # on tensorflow", False),
    ],
)
def test_the_check_sees_a_cell_of_one_framework(source, one):
    assert needs_one_framework(source) is one


@pytest.mark.parametrize("name", runs.TESTS)
def test_the_tests_for_all_backends_import_none(name):
    imports = [n for n in ast.parse((ROOT / name).read_text()).body if isinstance(n, ast.Import)]
    names = {alias.name.partition(".")[0] for node in imports for alias in node.names}
    assert not names & {"tensorflow", "jax", "torch"}


# --- the sessions of noxfile.py


def test_the_files_that_sessions_run_exist():
    named = re.findall(r'"(tests/\S+\.py)"', (ROOT / "noxfile.py").read_text())
    assert named and all((ROOT / name).is_file() for name in named)


def sessions(**variables):
    command = [sys.executable, "-m", "nox", "--list"]
    env = {**os.environ, "RELEASES": "", "BACKENDS": "", "RUNTIMES": "", **variables}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_variables_choose_the_sessions_and_make_calls_them():
    listed = re.findall(r"^- (\S+) ->", sessions(RELEASES="3.11.3 nightly").stdout, re.MULTILINE)
    assert {"matrix(3.11.3)", "matrix(nightly)", "backends(jax)"} <= set(listed)
    assert "matrix(3.5.0)" not in listed
    called = re.findall(r"\$\(NOX\) (\w+)", (ROOT / "Makefile").read_text())
    assert set(called) == {name.partition("(")[0] for name in listed}


def test_a_runtime_that_nobody_knows_is_refused():
    refused = sessions(RUNTIMES="colab-1999")
    assert refused.returncode
    assert "Unknown runtime colab-1999. Known: colab-2026-08, " in refused.stderr
