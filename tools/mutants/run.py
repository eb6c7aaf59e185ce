"""Run the tests on mutants, all in one process: Keras is imported and the tests collected once.

    python -m tools.mutants.run mutants.json killers.json 0 2    # the first of two workers

A mutant is a function with another body: it is put in place of the original in memory. Its tests
are those that call the function. A mutant is killed when one of them fails, and the same test
passes right afterwards on the original.
"""

import importlib
import json
import signal
import sys
from pathlib import Path

import pytest

from tools.mutants import MODULES

TESTS = (  # the quick ones first; a unit test has to do, without the random calls of Keras
    "unit/losses/test_elementwise",
    "unit/losses/test_every_loss",
    "unit/losses/test_regressions",
    "unit/rules/test_reduction",
    "unit/rules/test_total",
    "unit/rules/test_class_weights",
    "unit/core/test_messages",
    "unit/core/test_bad_calls",
    "unit/core/test_arrays",
    "unit/trace/test_trace",
    "unit/trace/test_trace_text",
    "unit/losses/test_losses",
)
SLOW = ("tests/unit/core/test_bad_calls.py::test_no_error_is_raw",)  # 2,000 calls
SECONDS = 60  # for one test; a mutant may loop for ever


class Mutants:
    """A pytest plugin: instead of every test once, the tests of each mutant until one fails."""

    def __init__(self, mutants):
        self.mutants, self.killers, self.failed = mutants, [], False
        modules = {
            m["module"]: importlib.import_module(f"lossbook.{m['module'].replace('/', '.')}")
            for m in mutants
        }
        self.functions = {
            (m["module"], m["function"]): getattr(modules[m["module"]], m["function"])
            for m in mutants
        }

    def pytest_runtest_logreport(self, report):
        """Remember a failure in set-up, call or tear-down."""
        self.failed |= report.failed

    def passes(self, item):
        """Run one test, as if it were new; return whether it passed."""
        self.failed = False
        item._initrequest()  # what pytest-rerunfailures does, too
        names = dict(item.dtest.globs) if hasattr(item, "dtest") else {}  # a doctest clears them
        signal.alarm(SECONDS)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        finally:
            signal.alarm(0)
        if names:
            item.dtest.globs.update(names)
        return not self.failed

    def pytest_runtestloop(self, session):
        """Find out which test calls which function, then run the mutants."""
        signal.signal(signal.SIGALRM, _too_long)
        names = {function.__code__: name for name, function in self.functions.items()}
        tests = {name: [] for name in self.functions}
        for item in session.items:
            called = set()
            sys.settrace(lambda frame, *_: called.add(frame.f_code))  # noqa: B023
            passed = self.passes(item)
            sys.settrace(None)
            if not passed:
                pytest.exit(f"{item.nodeid} fails without a mutant", returncode=3)
            for code in called & names.keys():
                tests[names[code]].append(item)
        for mutant in self.mutants:
            name = mutant["module"], mutant["function"]
            killer = self.killer(mutant, self.functions[name], tests[name])
            if killer is not None:  # it may well kill the next one, too
                tests[name].remove(killer)
                tests[name].insert(0, killer)
            self.killers.append(killer and killer.nodeid)
            print(mutant["function"], self.killers[-1], flush=True)
        return True

    def killer(self, mutant, function, tests):
        """Return the first test that fails with the mutant and passes without it, or None."""
        original = function.__code__, function.__defaults__, function.__kwdefaults__
        # A file of the package, as `warn` sees it, but none that exists: tf.function would read the
        # original's source there, and run that.
        file, space = Path(function.__code__.co_filename).parent / "mutant", {}
        exec(compile(mutant["code"], file, "exec"), function.__globals__, space)
        mutated = space[mutant["function"]]
        mutated = mutated.__code__, mutated.__defaults__, mutated.__kwdefaults__
        for item in tests:
            _put(function, mutated)
            passed = self.passes(item)
            _put(function, original)
            if not passed:
                if not self.passes(item):
                    pytest.exit(f"{item.nodeid} fails after a mutant: {mutant}", returncode=3)
                return item
        return None


def _put(function, parts):
    function.__code__, function.__defaults__, function.__kwdefaults__ = parts


def _too_long(*_):
    pytest.fail(f"took more than {SECONDS} seconds")


def main():
    """Take every n-th mutant and write the test that killed it, or null."""
    path, output, first, step = sys.argv[1:]
    plugin = Mutants(json.loads(Path(path).read_text())[int(first) :: int(step)])
    settings = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--tb=no"]
    settings += [f"--deselect={test}" for test in SLOW]
    files = [f"lossbook/{name}.py" for name in MODULES]
    files += [f"tests/{name}.py" for name in TESTS]
    code = pytest.main([*settings, *files], [plugin])
    if len(plugin.killers) == len(plugin.mutants):
        Path(output).write_text(json.dumps(plugin.killers))
        return 0
    return code or 1


if __name__ == "__main__":
    sys.exit(main())
