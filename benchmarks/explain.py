"""What `explain` and `audit` cost, as ratios to `evaluate` of the same model.

    python -m benchmarks.explain                        # seven models, all columns: 15 minutes
    python -m benchmarks.explain --quick                # fewer rows, in a third of the time
    python -m benchmarks.explain --model mlp --only again
    python -m benchmarks.explain --only growth          # with once, twice, four times the rows

again    In one process evaluate, explain and audit take turns; the best of five, after a first.
first    The first call of each in a process of its own, compilation included; for explain also
         after an evaluate of the same model. The better of two.
memory   In a process of its own: what the peak of a second call, with all rows, rises above the
         process with its data and its model; and what a row more adds, from four times as many.
         A compiled step takes megabytes, however few rows there are.
growth   As `again`, with more rows; the last column is what a row more costs explain, to evaluate.

Times are seconds by the clock, and seconds of the processor on all threads. The clock also shows
what else the machine does, and that evaluate itself may wait: that of the U-Net for three seconds,
now and then. Ratios of `growth` are those of the processor.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

from benchmarks.models import MODELS

WAYS = ("evaluate", "explain", "audit")
TIMES = 5


def seconds(call):
    """Return what a call takes by the clock, and of the processor."""
    clocks = time.perf_counter, time.process_time
    before = [clock() for clock in clocks]
    call()
    return [clock() - start for clock, start in zip(clocks, before, strict=True)]


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def calls(name, rows):
    """Build a model; return what calls evaluate, explain and audit on it."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    import lossbook as lb

    keras.utils.set_random_seed(0)
    batch_size = MODELS[name].batch
    model, data = MODELS[name].build(rows)
    return {
        "evaluate": lambda: model.evaluate(**data, batch_size=batch_size, verbose=0),
        "explain": lambda: lb.explain(model, **data, batch_size=batch_size, verbose=0),
        "audit": lambda: lb.audit(model, **data, batch_size=batch_size),
    }


def warm_up():
    """Load all that is loaded once in a process, on another model."""
    for call in calls("mlp", 64).values():
        call()


def again(name, rows):
    """Return the best seconds of each way, which take turns in this process."""
    measured = calls(name, rows)
    for call in measured.values():
        call()
    found = {way: [] for way in WAYS}
    for _ in range(TIMES):
        for way in WAYS:
            found[way].append(seconds(measured[way]))
    return {way: best(found[way]) for way in WAYS}


def best(times):
    """Return the shortest time by each clock."""
    return [min(by_clock) for by_clock in zip(*times, strict=True)]


def first(name, rows, ways):
    """Return the seconds of the last of these calls, each the first of its kind."""
    warm_up()
    measured = calls(name, rows)
    return [seconds(measured[way]) for way in ways][-1]


def memory(name, rows, ways):
    """Return the bytes that the peak rises in two calls."""
    warm_up()
    call = calls(name, rows)[ways[-1]]
    before = peak()
    call()
    call()
    return peak() - before


def apart(column, name, rows, *ways):
    """Measure in a process of its own."""
    asked = json.dumps([column, name, rows, *([list(ways)] if ways else [])])
    command = [sys.executable, "-m", "benchmarks.explain", "--apart", asked]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def print_again(name, rows):
    print_seconds(apart("again", name, rows))


def print_first(name, rows):
    chains = {way: (way,) for way in WAYS} | {"explain after evaluate": ("evaluate", "explain")}
    found = {
        title: best([apart("first", name, rows, *ways) for _ in range(2)])
        for title, ways in chains.items()
    }
    print_seconds(found)


def print_memory(name, rows):
    found = {way: [apart("memory", name, n, way) for n in (rows, 4 * rows)] for way in WAYS}
    print_ratios({way: few / 2**20 for way, (few, _) in found.items()}, "MiB", "{:.0f}")
    more = {way: (many - few) / (3 * rows) for way, (few, many) in found.items()}
    print_ratios(more, "bytes a row more", "{:.0f}")


def print_growth(name, rows):
    before = None
    for count in (rows, 2 * rows, 4 * rows):
        found = {way: times[1] for way, times in apart("again", name, count).items()}
        print(f"    {count:>7,} rows: explain {found['explain'] / found['evaluate']:.2f}", end="")
        if before:
            more = [found[way] - before[way] for way in ("explain", "evaluate")]
            print(f", of each row more {more[0] / more[1]:.2f}", end="")
        print()
        before = found


def print_seconds(found):
    for i, unit in enumerate(("s", "CPU s")):
        print_ratios({title: times[i] for title, times in found.items()}, unit, "{:.2f}")


def print_ratios(found, unit, digits):
    base = found["evaluate"]
    print(f"    {'evaluate':24}{digits.format(base):>8} {unit}")
    for title, value in found.items():
        if title != "evaluate":
            print(f"    {title:24}{digits.format(value):>8} {unit:17}{value / base:.2f} x evaluate")


COLUMNS = {
    "again": print_again,
    "first": print_first,
    "memory": print_memory,
    "growth": print_growth,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=MODELS, help="this one alone")
    parser.add_argument("--only", choices=COLUMNS, help="this column alone")
    parser.add_argument("--quick", action="store_true", help="fewer rows")
    parser.add_argument("--apart", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.apart:
        column, *arguments = json.loads(asked.apart)
        measure = {"again": again, "first": first, "memory": memory}[column]
        print(json.dumps(measure(*arguments)))
        return
    for name in [asked.model] if asked.model else MODELS:
        model = MODELS[name]
        rows = model.rows // model.quick if asked.quick else model.rows
        print(f"{name}: {rows:,} rows in batches of {model.batch}", flush=True)
        for column in [asked.only] if asked.only else COLUMNS:
            print(f"  {column}")
            COLUMNS[column](name, rows)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
