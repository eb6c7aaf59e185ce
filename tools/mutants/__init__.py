"""Break the algebra on purpose, one small change at a time: does a test notice every one of them?

`make mutants` (noxfile.py): mutmut, in an environment of its own, writes the mutants (write.py):
another operator, number, name or text, an argument less. run.py runs the tests on each, with a copy
of the package: the working tree is never touched. A mutant that no test kills is a gap in the
tests, or changes nothing that anyone can see; those stand in survivors.toml with the reason.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "_build" / "mutants"
TREE = HOME / "tree"  # what the mutants are made from and the tests run in
MUTANTS = "mutants.json"  # in HOME, beside the tree
MUTMUT = "mutmut==3.8.1"
MODULES = (
    "elementwise/_crossentropy",
    "elementwise/_focal",
    "elementwise/_hinge",
    "elementwise/_inputs",
    "elementwise/_regression",
    "reduction",
    "total",
)


def copy_tree():
    """Copy package, tests and tools to where the mutants run."""
    shutil.rmtree(TREE, ignore_errors=True)
    for name in ("lossbook", "tests", "tools", "records"):
        shutil.copytree(ROOT / name, TREE / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", TREE)
    (TREE / "setup.cfg").write_text("[mutmut]\nsource_paths=lossbook\n")  # it asks for one
