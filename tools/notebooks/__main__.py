"""Keep the chapters executed, clean and true to the rules.

    python -m tools.notebooks refresh [FILES]   run them, then write outputs and a normal form
    python -m tools.notebooks check [FILES]     print every broken rule, and how to mend it
    python -m tools.notebooks execute           run those that the site would show stale

Without FILES: all notebooks in book/.
"""

import argparse
import sys
import time

import nbformat

from tools.notebooks import exercises, prose, rules
from tools.notebooks.files import finish, name_of, notebooks, prepare, read, repository, text
from tools.notebooks.rules import Problem

RULES = (*rules.RULES, *prose.RULES, *exercises.RULES)


def problems_of(nb, about):
    """Return the problems that the rules find in a notebook, each once."""
    return list(dict.fromkeys(problem for rule in RULES for problem in rule(nb, about)))


def check_file(path):
    """Return the problems of a notebook file: those of the rules, else of how it is written."""
    about = rules.About(name_of(path), repository())
    try:
        nb = read(path)
    except (ValueError, AttributeError, OSError) as error:
        return [Problem(0, f"cannot be read as a notebook: {error}")]
    if not (problems := problems_of(nb, about)) and text(nb) != path.read_text(encoding="utf8"):
        problems = [Problem(0, "not in normal form; run make refresh")]
    return problems


def check(paths):
    """Print every problem; return how many there are."""
    count = 0
    for path in paths:
        for problem in check_file(path):
            cell = f" cell {problem.cell}" if problem.cell else ""
            print(f"{name_of(path)}{cell}: {problem.text}")
            count += 1
    verdict = f"{count} problems" if count else "all rules kept"
    print(f"Checked {_several(paths)}: {verdict}.")
    return count


def refresh(paths):
    """Run notebooks and write them back; return how many failed. A failing one is left alone."""
    repo = repository()
    return _run([(path, prepare(read(path), name_of(path), repo)) for path in paths], _write)


def execute(paths):
    """Run the notebooks that the site would show out of date; return how many failed."""
    from tools.notebooks.runs import Kept

    jobs = [(path, nbformat.read(path, as_version=4)) for path in paths]
    kept = Kept()
    stale = [(path, nb) for path, nb in jobs if not kept.current(nb)]
    print(f"{_several(paths)}, {len(paths) - len(stale)} with a run that is up to date.")
    return _run(stale, lambda path, nb: "kept for the site")


def _write(path, nb):
    """Write a notebook that has just run; say whether that changed the file."""
    new = text(finish(nb))
    if new == path.read_text(encoding="utf8"):
        return "unchanged"
    path.write_text(new, encoding="utf8")
    return "refreshed"


def _run(jobs, then):
    """Run notebooks, keep the runs for the site, do `then` with each; return how many failed."""
    from tools.notebooks.runs import Kept, run_all, timeout

    if not jobs:
        return 0
    kept, failed, start = Kept(), 0, time.monotonic()
    side_by_side = ", two side by side" if len(jobs) > 1 else ""
    print(f"Running {_several(jobs)}{side_by_side} ...", flush=True)
    for done, (path, run) in enumerate(run_all(jobs, timeout()), start=1):
        if run.error:
            failed += 1
            kept.forget(path, run.nb)
            outcome = f"FAILED\n{run.error}"
        else:
            kept.keep(path, run)
            outcome = then(path, run.nb)
        print(f"[{done}/{len(jobs)}] {name_of(path)}  {run.seconds:.1f} s  {outcome}", flush=True)
    took = f"{time.monotonic() - start:.0f} s"
    print(f"{failed} of {len(jobs)} failed, {took}." if failed else f"Done in {took}.")
    return failed


def _several(things):
    return f"{len(things)} notebook{'s' if len(things) != 1 else ''}"


def main(arguments=None):
    """Run one of the commands; exit 1 if anything failed or a rule is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=["refresh", "check", "execute"])
    parser.add_argument("files", nargs="*", metavar="FILES")
    options = parser.parse_args(arguments)
    paths = notebooks(options.files)
    command = {"refresh": refresh, "check": check, "execute": execute}[options.command]
    return 1 if command(paths) else 0


if __name__ == "__main__":
    sys.exit(main())
