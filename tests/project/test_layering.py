"""Who may import whom: lossbook stays light, and its arrows go one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lossbook

PACKAGE = Path(lossbook.__file__).parent
MODULES = {path.stem: ast.parse(path.read_text()) for path in sorted(PACKAGE.glob("*.py"))}
for path in sorted(PACKAGE.glob("*/__init__.py")):  # a folder counts as one module
    files = [ast.parse(file.read_text()) for file in sorted(path.parent.rglob("*.py"))]
    MODULES[path.parent.name] = ast.Module([node for file in files for node in file.body], [])
HEAVY = ("keras", "tensorflow", "jax", "torch", "matplotlib")

# A module imports from earlier lines only. A new module finds its place here.
LAYERS = (
    ("_core",),
    ("elementwise", "reduction", "total", "data", "atlas"),
    ("_losses", "_rules"),
    ("rules",),
    ("_interact",),
    ("_trace", "_model"),
    ("_identify", "plots"),
    ("_explain", "_exercises"),
    ("_audit",),
    ("exercises",),
    ("__init__",),
    ("notebook",),
)
LEVEL = {module: level for level, layer in enumerate(LAYERS) for module in layer}


def imports(tree):
    """Return (module, names) for every import in a tree, those inside functions included."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "lossbook imports by full name"
            found.append((node.module, [alias.name for alias in node.names]))
    return found


def outside_functions(tree):
    """Return a copy of a tree without the bodies of its functions."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

    class Strip(ast.NodeTransformer):
        def visit(self, node):
            return None if isinstance(node, functions) else self.generic_visit(node)

    return Strip().visit(ast.parse(ast.unparse(tree)))


def siblings(tree):
    """Return the modules of lossbook that a tree imports; the package itself is `__init__`."""
    found = set()
    for module, names in imports(tree):
        if module == "lossbook":
            found |= {name if name in MODULES else "__init__" for name in names or ["__init__"]}
        elif module.startswith("lossbook."):
            found.add(module.split(".")[1])
    return found


@pytest.mark.parametrize("module", MODULES)
def test_arrows_go_one_way(module):
    assert module in LEVEL, f"give {module} a place in LAYERS"
    for other in siblings(MODULES[module]) - {module}:
        assert LEVEL[other] < LEVEL[module], f"{module} must not import {other}"


@pytest.mark.parametrize("module", MODULES)
def test_frameworks_are_imported_inside_functions(module):
    roots = {name.split(".")[0] for name, _ in imports(outside_functions(MODULES[module]))}
    allowed = {"matplotlib"} if module == "plots" else set()
    assert roots & set(HEAVY) <= allowed


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"plots"}))
def test_matplotlib_is_for_plots_alone(module):
    assert "matplotlib" not in {name.split(".")[0] for name, _ in imports(MODULES[module])}


@pytest.mark.parametrize(
    "statement",
    [
        "import lossbook",
        "import lossbook; dir(lossbook)",
        "from lossbook import exercises; exercises.check('class-axis-1', (8, 32, 32))",
        "import lossbook.notebook",
        "import lossbook as lb; lb.trace('binary_crossentropy', [[1.0, 0.0]], [[0.5, 0.5]])",
    ],
)
def test_a_fresh_interpreter_loads_no_framework(statement):
    code = (
        f"import sys\n{statement}\nprint(sorted({set(HEAVY)} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_the_public_names_are_few_and_explicit():
    assigned = [
        node.value
        for node in MODULES["__init__"].body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    (names,) = (ast.literal_eval(value) for value in assigned)
    assert names == lossbook.__all__
    assert len(names) == len(set(names)) <= 14
    assert set(names) <= set(dir(lossbook))
    for name in names:
        assert getattr(lossbook, name) is not None


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="module 'lossbook' has no attribute 'tracee'"):
        _ = lossbook.tracee
