"""pytest's settings; a plugin of tests/ would not reach the notebooks in book/."""

import gc
import json
import sys
import time
from pathlib import Path

import pytest

BOOK = Path(__file__).parent / "book"
PINNED = Path(__file__).parent / "records/environments/pinned.json"
# What of an interactive ledger is not saved (tools/notebooks/files.py, LIVE, in nbval's flavour).
LIVE = r'(?s: data-(?:state|page)="[^"]*"|<(script|svg) class="lossbook-ledger".*?</\1>)'
# Where a finding is explained: an address, as soon as the book has one.
SECTION = (
    r"(?:\s+See)?:\s+(?:https://\S+/findings\.html#\S+|python\s+-m\s+lossbook\s+\S+)"
    r"(?:(?<=-)\s+\S+)*"  # a line may end at a hyphen
)


# Where TensorFlow has to be as users have it.
AS_USERS = Path(__file__).parent / "tests/real_keras"


@pytest.fixture(autouse=True)
def graphs_as_traced(request):
    """Run TensorFlow's graphs as they were traced: to rewrite them is a quarter of audit's tests.

    `tests/real_keras`, the notebooks, `make fuzz` and the benchmarks have them rewritten.
    """
    if tensorflow := sys.modules.get("tensorflow"):
        as_traced = not request.path.is_relative_to(AS_USERS)
        options = {"disable_meta_optimizer": as_traced}
        tensorflow.config.optimizer.set_experimental_options(options)


@pytest.fixture(autouse=True)
def arrays_in_plain_batches(request, monkeypatch):
    """Cut arrays without the functions that Keras has traced for it: a third of a small audit."""
    adapters = sys.modules.get("keras.src.trainers.data_adapters.array_data_adapter")
    if adapters and not request.path.is_relative_to(AS_USERS):
        from tests.plain_batches import plain

        adapter = adapters.ArrayDataAdapter
        monkeypatch.setattr(adapter, "get_tf_dataset", plain(adapter.get_tf_dataset))


@pytest.fixture(autouse=True)
def without_a_home(monkeypatch):
    """Let every test see the book without a home, whatever `make home` has written."""
    monkeypatch.setattr("lossbook._core.home.SITE", "")


def pytest_addoption(parser):
    """`make test` gives this option; a notebook that is named by hand runs."""
    words = "leave out notebooks that have passed as they are, with lossbook and packages as now"
    parser.addoption("--skip-passed", action="store_true", help=words)


def passed(config):
    """Return the notebooks that need not run."""
    if not config.getoption("skip_passed"):
        return []
    from tools.notebooks.runs import Kept

    kept = Kept()
    return [path for path in sorted(BOOK.glob("*.ipynb")) if kept.passed(path)]


def pytest_report_header(config):
    """Say which notebooks are left out."""
    if config.getoption("skip_passed"):
        names = ", ".join(path.stem for path in passed(config)) or "none"
        return f"passed as they are, not run again (ALL=1 runs them): {names}"


def pytest_configure(config):
    """Let syrupy call no snapshot unused where the tests are listed, not run."""
    if config.option.collectonly and hasattr(config.option, "disable_unused_snapshots"):
        config.option.disable_unused_snapshots = True


def pytest_collectstart(collector):
    """Leave stderr out of nbval's comparison: TensorFlow's log differs from machine to machine."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
        collector.sanitize_patterns |= {LIVE: "", SECTION: ""}
        collector.passed, collector.started = [], time.monotonic()


def pytest_collection_modifyitems(config, items):
    """Begin with the slowest notebooks, so that all workers end together (`make test`)."""
    if done := passed(config):
        left_out = [item for item in items if item.path in done]
        items[:] = [item for item in items if item.path not in done]
        config.hook.pytest_deselected(items=left_out)
    notebooks = [item for item in items if hasattr(item, "test_outputs")]
    if notebooks:
        took = json.loads(PINNED.read_text(encoding="utf-8"))["notebooks"]
        seconds = {name: counted["seconds"] for name, counted in took.items()}
        notebooks.sort(key=lambda item: (-seconds.get(item.path.stem, 0), item.path))
        items[:] = notebooks + [item for item in items if not hasattr(item, "test_outputs")]


def pytest_collection_finish():
    """Keep what is imported out of garbage collections: each `clear_session` starts one."""
    gc.collect()
    gc.freeze()


def pytest_runtest_makereport(item, call):
    """Note the cells of a notebook that print what is saved."""
    if hasattr(item, "test_outputs") and call.when == "call" and call.excinfo is None:
        item.parent.passed.append(item)


def pytest_runtest_teardown(item, nextitem):
    """Keep the run of a notebook that passed whole: the site need not run it again."""
    if not hasattr(item, "test_outputs") or (nextitem and nextitem.parent is item.parent):
        return
    from tools.notebooks.runs import keep_compared

    cells = [(cell.cell, cell.test_outputs) for cell in item.parent.passed]
    keep_compared(Path(item.path), item.parent.nb, cells, time.monotonic() - item.parent.started)
