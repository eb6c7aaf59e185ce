"""Interrupt explain, audit, the callback and decompose at the lines of lossbook that they execute.

    python -m tests.unit.faults                   # every 20th line
    python -m tests.unit.faults --all --jobs 2    # all of them, in an hour
    python -m tests.unit.faults --call explain --used
    python -m tests.unit.faults --line _model/watch.py:100

It exits with 1 if one of them leaves anything behind.
"""

import argparse
import os
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every line")
    parser.add_argument("--every", type=int, default=20, help="every so many lines (20)")
    parser.add_argument("--call", help="explain, audit, callback or decompose alone")
    parser.add_argument("--used", action="store_true", help="on a used model alone")
    parser.add_argument("--fresh", action="store_true", help="on fresh models alone")
    parser.add_argument("--line", help="a line alone, as _model/watch.py:100")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--job", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    others = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.unit.faults", *sys.argv[1:], "--job", str(i)]
        )
        for i in range(1, asked.jobs)
        if not asked.job
    ]
    faults = study(asked)
    sys.exit(any([other.wait() for other in others]) or bool(faults))


def study(asked):
    """Run the part of this process; return how many lines leave anything."""
    from tests.unit.faults.calls import CALLS
    from tests.unit.faults.lines import shown
    from tests.unit.faults.study import Study

    faults, states = (
        0,
        [used for used in (False, True) if asked.fresh <= (not used) and asked.used <= used],
    )
    for name in [asked.call] if asked.call else CALLS:
        for used in states:
            start, studied = time.monotonic(), Study(name, used)
            chosen = studied.lines[asked.job :: asked.jobs]
            if asked.line:
                chosen = [line for line in chosen if shown(line).endswith(asked.line)]
            elif not asked.all:
                chosen = chosen[:: asked.every]
            report = studied.run(chosen)
            faults += len(report.left)
            print(
                f"{name}, {'used' if used else 'fresh'} model: {len(studied.lines)} lines, "
                f"{report.tried} interruptions, {report.unreached} not reached, "
                f"{len(report.left)} leave something ({time.monotonic() - start:.0f} s)"
            )
            for (line, error), left in report.left.items():
                print(f"  {shown(line)} {error}: {'; '.join(left)[:300]}")
            sys.stdout.flush()
    return faults


if __name__ == "__main__":
    main()
