"""Who may import whom: import-linter knows the layers and doors, the tests here the rest."""

import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lossbook

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(lossbook.__file__).parent
FILES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
HEAVY = ("keras", "tensorflow", "jax", "torch", "matplotlib")


def lint_imports(folder):
    settings = {**os.environ, "PYTHONPATH": str(folder)}
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)


PLANTED = (  # a file of the package, a forbidden import, the contract that it breaks
    ("reduction.py", "from lossbook.rules import resolve", "Arrows go one way"),
    ("_trace/stages.py", "from lossbook._identify import identify", "Arrows go one way"),
    ("total.py", "from lossbook._core.arrays import size", "lossbook._core has one door"),
    ("plots/_ledger.py", "from lossbook._trace.stages import Stage", "_trace has one door"),
)


def test_a_forbidden_import_is_found(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "lossbook", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, statement, _ in PLANTED:
        path = tmp_path / "lossbook" / file
        path.write_text(f"{path.read_text()}\n\ndef planted():\n    {statement}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    found = done.stdout.partition("Broken contracts")[2]
    for file, statement, broken in PLANTED:
        assert broken in found
        importer, imported = (f"lossbook.{file[:-3].replace('/', '.')}", statement.split()[1])
        assert re.search(rf"{importer} -> {imported}", found), importer


def roots(tree):
    """Return the top-level packages that a tree imports, those inside functions included."""
    nodes = list(ast.walk(tree))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def outside_functions(tree):
    """Return a tree without its functions."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

    class Strip(ast.NodeTransformer):
        def visit(self, node):
            return None if isinstance(node, functions) else self.generic_visit(node)

    return Strip().visit(tree)


@pytest.mark.parametrize("file", FILES)
def test_frameworks_are_imported_inside_functions_and_matplotlib_by_plots_alone(file):
    text, plots = FILES[file].read_text(), file.startswith("plots/")
    assert plots or "matplotlib" not in roots(ast.parse(text))
    allowed = {"matplotlib"} if plots else set()
    assert roots(outside_functions(ast.parse(text))) & set(HEAVY) <= allowed


STATEMENTS = (
    "import lossbook",
    "import lossbook; dir(lossbook)",
    "from lossbook import exercises; exercises.check('class-axis-1', (8, 32, 32))",
    "import lossbook.notebook",
    "import lossbook as lb; lb.trace('binary_crossentropy', [[1.0, 0.0]], [[0.5, 0.5]])",
)


def test_a_fresh_interpreter_loads_no_framework():
    """Nor do lossbook's own large modules load before they are asked for."""
    large = [f"lossbook.{name}" for name in ("atlas", "data", "exercises", "plots")]
    code = (
        "import sys, lossbook as lb\n"
        f"assert not set({large}) & set(sys.modules)\n"
        f"for statement in {STATEMENTS}:\n"
        "    exec(statement)\n"
        f"    assert not set({HEAVY}) & set(sys.modules), statement\n"
        "import keras\n"
        "assert issubclass(lb.ExplainCallback, keras.callbacks.Callback)\n"
        "print(lb.atlas.__name__, lb.data.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["lossbook.atlas lossbook.data"], done.stderr


def test_the_public_names_are_few_and_explicit():
    names = lossbook.__all__
    assert len(names) == len(set(names)) <= 18
    assert set(names) <= set(dir(lossbook))
    for name in names:
        assert getattr(lossbook, name) is not None


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="module 'lossbook' has no attribute 'tracee'"):
        _ = lossbook.tracee


def public_functions():
    """Every function that a user calls, by its name."""
    modules = [getattr(lossbook, name) for name in ("elementwise", "reduction", "total", "plots")]
    modules += [importlib.import_module(f"lossbook.{name}") for name in ("atlas", "data", "rules")]
    modules += [lossbook.exercises, importlib.import_module("lossbook.notebook"), lossbook]
    for module in modules:
        for name in getattr(module, "__all__", vars(module)):
            member = getattr(module, name)
            home = getattr(member, "__module__", "")
            ours = home == module.__name__ or hasattr(module, "__all__")
            if inspect.isfunction(member) and ours and not name.startswith("_"):
                yield f"{module.__name__}.{name}", inspect.signature(member)


def test_public_functions_have_type_hints():
    signatures = dict(public_functions())
    assert len(signatures) > 50
    for name, signature in signatures.items():
        hints = [parameter.annotation for parameter in signature.parameters.values()]
        assert inspect.Signature.empty not in (*hints, signature.return_annotation), name
