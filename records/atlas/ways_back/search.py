"""Find the ways back: run every way that may fit every case, with the Keras of this environment.

    python -m records.atlas.ways_back.search              # minutes; writes found.json

Which steps give which old number is not thought out but run. A test runs what was found again.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import version

from records.atlas import summary
from records.atlas.cases import CASES, digest
from records.atlas.releases import RELEASES
from records.atlas.ways_back import FOUND
from records.atlas.ways_back.steps import BY_NAME, LISTS, candidates


class Harness:
    """Asks the Keras of this environment, in a process of its own; use in a `with` block."""

    def __enter__(self):
        command = [sys.executable, FOUND.with_name("harness.py"), "keras"]
        settings = {**os.environ, "PYTHONPATH": str(FOUND.parents[1])}
        quiet = {"stderr": subprocess.DEVNULL, "text": True}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings, **quiet
        )
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def ask(self, case, steps, methods):
        """Return {method: number} that methods of a case print after these steps, logs too."""
        job = [case, [[name, BY_NAME[name].code] for name in steps], methods]
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("ANSWER "):
                return json.loads(line[7:])
        raise RuntimeError(f"the harness ended at {job}")


def search(harness, case, rows):
    """Yield the first way to each old number of each row: {"methods", "number", "steps"}.

    A row is {methods: (numbers, letters)}. A way has to give the number in all of its methods; it
    is looked for in the first. What the newest Keras refuses has to be written in lists.
    """
    missing = {}
    for methods, (numbers, letters) in rows.items():
        refused = letters[-1] == summary.REFUSED
        old = list(numbers if refused else numbers[1:])
        if old:
            missing[methods] = (refused and len(case["outputs"]) > 1, old)
    for steps in candidates(case):
        open_ = [
            methods
            for methods, (lists, old) in missing.items()
            if old and (steps[0] == LISTS or not lists)
        ]
        if not open_:
            continue
        firsts = {methods.split(", ")[0].split()[0] for methods in open_}
        found = harness.ask(case["id"], steps, sorted(firsts))
        for methods in open_:
            for old in list(missing[methods][1]):
                names = methods.split(", ")
                if gives(found, names[:1], old) and gives(
                    harness.ask(case["id"], steps, sorted({name.split()[0] for name in names})),
                    names,
                    old,
                ):
                    missing[methods][1].remove(old)
                    yield {"methods": methods, "number": old, "steps": steps}


def gives(found, methods, number):
    """Say whether all of these methods printed a number."""
    return all(method in found and summary.same(found[method], number) for method in methods)


def main():
    outcomes = {name: summary.outcomes(name) for name in RELEASES}
    lines = []
    with Harness() as harness:
        for case in CASES:
            rows = summary.rows(outcomes, case["id"])
            ways = list(search(harness, case, rows))
            if ways:
                lines.append(f"{json.dumps(case['id'])}: {json.dumps(ways)}")
            print(f"{case['id']:40} {len(ways)} ways", flush=True)
    head = json.dumps({"cases": digest(), "keras": version("keras")})
    FOUND.write_text(f'{{"run": {head},\n"found": {{\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
