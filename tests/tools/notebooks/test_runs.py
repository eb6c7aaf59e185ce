"""Running notebooks: what is written back, what is kept for the site, and until when."""

import logging
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from myst_nb.core.config import NbParserConfig
from myst_nb.core.execute import create_client
from nbformat.v4 import new_code_cell as code
from nbformat.v4 import new_notebook, new_output

from tools.notebooks import runs
from tools.notebooks.files import (
    ROOT,
)


def tool(root, *arguments):
    """Run the command line in a repository."""
    command = [sys.executable, "-m", "tools.notebooks", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    """A repository with our tools and two small notebooks, one of which fails, after `refresh`."""
    root = tmp_path_factory.mktemp("repository")
    for folder in ("book", "lossbook"):
        (root / folder).mkdir()
    for folder in ("tools/notebooks", "tools/website"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("tools/__init__.py", "_config.yml", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    prints = "print(1)\nprint('noise', file=sys.stderr)\nprint('\\n2')"
    works = [code(f"import sys\n\n{prints}"), code("1 + 1")]
    fails = [code("def f(x):\n    return 1 / x"), code("print(2)\nf(0)")]
    for name, cells in (("works", works), ("fails", fails)):
        nbformat.write(new_notebook(cells=cells), root / "book" / f"{name}.ipynb")
    before = (root / "book" / "fails.ipynb").read_text()
    return root, tool(root, "refresh"), before


def test_refresh_writes_what_works_and_explains_what_fails(refreshed):
    root, done, before = refreshed
    assert done.returncode == 1, done
    assert done.stderr == ""
    assert re.search(r"/2\] book/works.ipynb  \S+ s  refreshed\n", done.stdout)
    assert (
        "FAILED\n  cell 2:\n      print(2)\n    > f(0)\n  ZeroDivisionError: division by zero\n"
    ) in done.stdout
    assert (root / "book" / "fails.ipynb").read_text() == before
    works = nbformat.read(root / "book" / "works.ipynb", as_version=4)
    assert [cell.execution_count for cell in works.cells] == [1, 2]
    assert [output.text for output in works.cells[0].outputs] == ["1\n\n2\n"]


def test_refresh_twice_changes_nothing(refreshed):
    path = refreshed[0] / "book" / "works.ipynb"
    before = path.read_text()
    done = tool(refreshed[0], "refresh", str(path))
    assert done.returncode == 0, done
    assert re.search(r"\[1/1\] book/works.ipynb  \S+ s  unchanged\n", done.stdout)
    assert path.read_text() == before


def test_the_site_finds_the_run_and_starts_no_kernel(refreshed, monkeypatch):
    """The look-up of the site's build, execution made impossible, gives the outputs kept for it."""
    root = refreshed[0]
    path = root / "book" / "works.ipynb"
    monkeypatch.setattr("myst_nb.core.execute.cache.single_nb_execution", None)
    kept = str(root / "_build" / ".jupyter_cache")
    config = NbParserConfig(execution_mode="cache", execution_cache_path=kept)
    logger = logging.getLogger(__name__)
    with create_client(nbformat.read(path, as_version=4), str(path), config, logger) as client:
        outputs = client.notebook.cells[0].outputs
    assert [output.text for output in outputs] == ["1\n\n2\n"]  # in pieces it loses the blank line


def test_a_run_is_stale_when_the_package_changes(refreshed):
    root = refreshed[0]
    works = str(root / "book" / "works.ipynb")
    page = root / "_build" / ".doctrees" / "book" / "works.doctree"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch()
    assert "1 with a run that is up to date.\n" in tool(root, "execute", works).stdout
    assert page.exists()
    (root / "lossbook" / "new.py").write_text("x = 1\n")
    done = tool(root, "execute", works)
    assert "0 with a run that is up to date.\n" in done.stdout
    assert "kept for the site" in done.stdout
    assert not page.exists()  # the build writes it anew


def test_a_run_that_nbval_passed_whole_is_kept_for_the_site(monkeypatch):
    kept = []
    monkeypatch.setattr(
        runs, "Kept", lambda: SimpleNamespace(keep=lambda *run: kept.append(run[:2]))
    )
    nb, output = new_notebook(cells=[code("1 + 1"), code("2 + 2")]), new_output("stream", text="2")
    cells = [(cell, [output]) for cell in nb.cells]
    runs.keep_compared(ROOT / "book" / "a.ipynb", nb, cells[:1], 1.0)  # the second one failed
    runs.keep_compared(ROOT / "elsewhere.ipynb", nb, cells, 1.0)
    assert kept == []
    runs.keep_compared(ROOT / "book" / "a.ipynb", nb, cells, 1.0)
    ((path, run),) = kept
    assert (path.name, run.seconds, run.error) == ("a.ipynb", 1.0, "")
    assert [cell.execution_count for cell in run.nb.cells] == [1, 2]
    assert [cell.outputs for cell in run.nb.cells] == [[output], [output]]
    assert run.nb.metadata.language_info.pygments_lexer == "ipython3"


def test_a_notebook_has_passed_until_it_or_the_package_changes(monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    for folder in ("book", "lossbook", "_build"):
        (tmp_path / folder).mkdir()
    (tmp_path / "requirements.txt").touch()
    path, output = tmp_path / "book" / "a.ipynb", new_output("stream", text="2")
    cell = code("print(2)", execution_count=1, outputs=[output])
    path.write_text(nbformat.writes(new_notebook(cells=[cell])))
    saved = path.read_text()

    def passed():
        return runs.Kept().passed(path)

    assert not passed()
    nb = nbformat.reads(saved, as_version=4)
    runs.Kept().keep(path, runs.Run(nb, 1.0, ""))  # ran for the site, compared with nothing
    assert not passed()
    runs.keep_compared(path, nb, [(nb.cells[0], [output])], 1.0)
    assert passed()
    path.write_text(saved.replace('"2"', '"3"'))
    assert not passed()
    path.write_text(saved)
    assert passed()
    (tmp_path / "lossbook" / "_atlas.json").write_text("{}")
    assert not passed()
