"""Notebooks on every backend: no cell is one backend's own, and what ran is written down."""

import ast
import re
from pathlib import Path

import pytest

from tools.notebooks.files import code_cells, notebooks, read
from tools.watch import backends, environments

FRAMEWORK = re.compile(r"^\s*(import|from) (tensorflow|jax|torch)\b", re.MULTILINE)


def own_cells(source):
    """Say whether a cell needs one framework, whatever the backend is."""
    return bool(FRAMEWORK.search(source)) and "keras.backend.backend()" not in source


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_cell_that_imports_a_framework_asks_for_the_backend(path):
    """So none has to be skipped: elsewhere it prints the same by another way."""
    assert [cell.id for cell in code_cells(read(path)) if own_cells(cell.source)] == []


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("import tensorflow as tf\ntf.ones(1)", True),
        ("if True:\n    from torch import nn", True),
        ("if keras.backend.backend() == 'jax':\n    import jax", False),
        ("import keras  # on tensorflow", False),
    ],
)
def test_the_check_sees_a_cell_of_one_framework(source, own):
    assert own_cells(source) is own


@pytest.mark.parametrize("name", backends.TESTS)
def test_the_tests_for_all_backends_import_none(name):
    text = (backends.ROOT / "tests" / f"{name}.py").read_text(encoding="utf8")
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import)]
    names = {alias.name.partition(".")[0] for node in imports for alias in node.names}
    assert not names & {"tensorflow", "jax", "torch"}


@pytest.mark.parametrize(("failed", "well"), [(0, True), (1, False)])
def test_a_run_writes_what_came_of_the_notebooks(monkeypatch, tmp_path, failed, well):
    def record(name, title, python, backend):
        counts = {"passed": 3, "failed": failed, "skipped": 0, "seconds": 0.5}
        versions = {"python": "3.13.0", "keras": "3.15.1", "backend": backend}
        versions |= {"backend_version": "0.10.2", "device": "cpu"}
        found = {"environment": name, "title": title, "date": "2026-11-22", **versions}
        return {**found, "notebooks": {"01_one_number": counts}, "notes": []}

    monkeypatch.setattr(backends, "FOLDER", backends.ROOT / "_build" / "nowhere")
    monkeypatch.setattr(backends, "environment", lambda backend: Path("python"))
    monkeypatch.setattr(backends, "execute", lambda *arguments: True)
    monkeypatch.setattr(environments, "record", record)
    written = []
    monkeypatch.setattr(environments, "write", written.append)
    passed, told = backends.run("jax")
    assert passed is well
    assert told.startswith(f"no report of tests; 3 passed, {failed} failed, 0 skipped cells; 100")
    assert [one["environment"] for one in written] == ["jax"]
    assert environments.problems(written[0]) == []
