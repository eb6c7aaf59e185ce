"""The list of mutants that survive: is every entry about a line that is still there?"""

import ast
import tomllib

import pytest

from tools import mutants
from tools.mutants.__main__ import SURVIVORS
from tools.mutants.run import TESTS
from tools.mutants.write import difference

ENTRIES = tomllib.loads(SURVIVORS.read_text())["survivor"]


def lines_of(module, name):
    source = (mutants.ROOT / "lossbook" / f"{module}.py").read_text()
    function = next(node for node in ast.parse(source).body if getattr(node, "name", "") == name)
    return [line.strip() for line in ast.get_source_segment(source, function).splitlines()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e['module']}.{e['function']}")
def test_a_survivor_has_its_line_and_a_reason(entry):
    lines, was = lines_of(entry["module"], entry["function"]), entry["was"].splitlines()
    assert entry["module"] in mutants.MODULES and entry["reason"].endswith(".")
    assert entry["now"] != entry["was"]
    assert any(lines[i : i + len(was)] == was for i in range(len(lines)))


def test_the_tests_that_run_on_mutants_exist():
    assert [name for name in TESTS if not (mutants.ROOT / f"tests/{name}.py").is_file()] == []


def test_a_difference_is_told_apart_from_an_equal_line():
    was = "def f(x):\n    if x:\n        return 1\n    return g(x)\n    return 1"
    now = was[:-1] + "2"
    assert difference(was, now) == {
        "was": "return g(x)\nreturn 1",
        "now": "return g(x)\nreturn 2",
    }


def test_lines_that_moved_do_not_matter():
    was, now = "def f():\n    return 1", "def f():\n    return 2"
    moved = [text.replace("\n", "\n    x = 0\n\n") for text in (was, now)]
    assert difference(was, now) == difference(*moved)
