"""What is measured and no test: many more random calls, models and numbers than the tests draw.

    python -m tests.real_keras.fuzz --calls 20000 --models 100 --numbers 1000 --seed 10000 --jobs 2

Calls are compared with Keras's loss objects, whole models with `evaluate` and `fit`, explained ones
with `evaluate`; of numbers `identify` has to list the rule or the slip that made them, and of
decoys hardly any; models with losses and steps of their own are explained (`changed_models`).
`--riddle 1 3` trains the nets of chapter 12 from these seeds. It runs on the backend that
KERAS_BACKEND names, and needs nothing but Keras and lossbook. What it finds can be repeated alone:
--calls 1 --seed (the seed that it names). While it runs it says up to which seed it has come, and
how it stands: what was stopped goes on from there (--changed 380 --seed 10120).
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

CHUNK, FEW = 100, 10  # seeds that a process takes at a time: of calls and numbers, of models
FIRST = 10_000  # behind the seeds of the tests
BY_CHANCE = 0.02  # of four digits: how many may miss their rule, how many decoys may fit one


def compare_calls(seeds):
    """Return how many calls were compared, how many the installed Keras lacks, what differs."""
    from tests.real_keras.draw.cases import draw
    from tests.real_keras.draw.options import known
    from tests.real_keras.judge import problems

    counts, found = Counter(), []
    for seed in seeds:
        case = draw(seed)
        if not known(case):
            counts["not in this Keras"] += 1
            continue
        counts["compared"] += 1
        lines = problems(case)
        counts["mismatches"] += bool(lines)
        found += ["\n    ".join([str(case), *lines])] if lines else []
    return counts, found


def compare_models(seeds):
    """Return how many models were compared, and what differs."""
    import keras

    from tests.real_keras.whole_models import compare

    found = []
    for seed in seeds:
        if seed % 10 == 0:
            keras.backend.clear_session()
        found += [line for line in [compare(seed)] if line]
    return Counter(compared=len(seeds), mismatches=len(found)), found


def compare_explained(seeds):
    """Return how many models were explained, how many Keras refuses, what does not add up."""
    import keras

    from tests.unit.explain.explained_models import draw, problems

    counts, found = Counter(), []
    for seed in seeds:
        keras.backend.clear_session()
        case = draw(seed)
        lines = problems(case)
        counts.update({"refused" if lines is None else "compared": 1, "mismatches": bool(lines)})
        about = f"model {seed} {case.names} {sorted(case.covers)}"
        found += ["\n    ".join([about, *lines[:4]])] if lines else []
    return counts, found


def compare_changed(seeds):
    """Return what became of models with losses and steps of their own, and what is wrong."""
    import keras

    from tests.real_keras.changed_models import compare

    counts, found = Counter(), []
    for seed in seeds:
        keras.backend.clear_session()
        outcome, wrong = compare(seed)
        counts.update({outcome: 1, "mismatches": bool(wrong)})
        found += [wrong] if wrong else []
    return counts, found


def compare_numbers(seeds):
    """Return how many numbers `identify` told and how many decoys fitted; too many are a fault.

    Of slips the true one has to be among the first two.
    """
    from tests.unit.identify import draws, slip_draws

    count = len(seeds)
    missed = sum(not draws.listed(*data, digits=4) for data in draws.draws(count, seeds[0]))
    hits = sum(draws.decoy_hits(*decoy) for decoy in draws.decoys(count, seeds[0]))
    places = [slip_draws.place(slip) for slip in slip_draws.slips(count, seeds[0])]
    unlisted = places.count(None)
    later = sum(at is not None and at > 1 for at in places)
    counts = Counter(compared=3 * count, missed=missed, decoys=hits)
    counts.update({"slips not listed": unlisted, "slips behind the second": later})
    worst = max(missed, hits, unlisted + later)
    counts["mismatches"] = int(worst > max(BY_CHANCE * count, 5))
    return counts, []


def compare_riddles(seeds):
    """Return how many nets of chapter 12 were trained, and which don't show what it tells."""
    from tests.book.riddle import problems

    found = [line for seed in seeds for line in problems(seed)]
    return Counter(compared=len(seeds), mismatches=len(found)), found


def run(what, compare, seeds, jobs):
    """Compare all seeds in several processes; print how far it is, and what differs."""
    if not seeds:
        return 0
    start, counts, done = time.monotonic(), Counter(mismatches=0), 0
    size = FEW if "models" in what else CHUNK
    chunks = [seeds[i : i + size] for i in range(0, len(seeds), size)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for chunk, (part, found) in zip(chunks, pool.map(compare, chunks), strict=True):
            counts.update(part)
            done += len(chunk)
            for line in found:
                print(f"\n{line}", flush=True)
            numbers = ", ".join(f"{n} {name}" for name, n in counts.items())
            end = "\r" if sys.stdout.isatty() and done < len(seeds) else "\n"
            print(
                f"{what}, seeds {seeds[0]} to {chunk[-1]}, {done} of {len(seeds)}: {numbers} "
                f"({time.monotonic() - start:.0f} s)",
                end=end,
                flush=True,
            )
    return counts["mismatches"]


def main():
    """Compare what the command line asks for; return whether anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, help="random calls (20000, unless others are named)")
    parser.add_argument("--models", type=int, help="random whole models (100 beside many calls)")
    parser.add_argument("--changed", type=int, help="models with losses and steps of their own")
    parser.add_argument("--numbers", type=int, help="numbers to identify (1000 beside many calls)")
    parser.add_argument("--riddle", type=int, nargs="+", default=[], help="seeds of chapter 12")
    parser.add_argument("--seed", type=int, default=FIRST, help=f"the first seed ({FIRST})")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    asked = parser.parse_args()
    alone = (asked.models, asked.changed, asked.numbers)
    others = any(count is not None for count in alone) or asked.riddle
    calls = asked.calls if asked.calls is not None else 0 if others else 20_000
    models = asked.models if asked.models is not None else 100 * (calls > 1)
    changed = asked.changed if asked.changed is not None else 100 * (calls > 1)
    numbers = asked.numbers if asked.numbers is not None else 1000 * (calls > 1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    import keras

    print(f"Keras {keras.__version__} on {keras.backend.backend()}")
    mismatches = 0
    for what, compare, count in (
        ("calls", compare_calls, calls),
        ("models", compare_models, models),
        ("explained models", compare_explained, models),
        ("changed models", compare_changed, changed),
        ("numbers", compare_numbers, numbers),
    ):
        mismatches += run(what, compare, range(asked.seed, asked.seed + count), asked.jobs)
    mismatches += run("riddles", compare_riddles, asked.riddle, 1)
    return mismatches > 0


if __name__ == "__main__":
    sys.exit(main())
