"""Run the tests on all mutants, or on those of some functions, and say which survived.

make mutants FUNCTIONS="huber log_cosh"
"""

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter

from tools.mutants import HOME, MODULES, MUTANTS, ROOT, TREE

SURVIVORS = ROOT / "tools" / "mutants" / "survivors.toml"
WORKERS = int(os.environ.get("WORKERS", "2"))
AIM = 0.9  # of the mutants of each module are to be killed


def run(mutants):
    """Let the workers take their share of the mutants; return a killer (or None) for each."""
    (HOME / MUTANTS).write_text(json.dumps(mutants))
    settings = {**os.environ, "PYTHONPATH": str(TREE), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tools.mutants.run", HOME / MUTANTS]
    outputs = [HOME / f"killers-{i}.json" for i in range(WORKERS)]
    logs = [(HOME / f"worker-{i}.log").open("w") for i in range(WORKERS)]
    workers = [
        subprocess.Popen(
            [*command, outputs[i], str(i), str(WORKERS)],
            cwd=TREE,
            env=settings,
            stdout=logs[i],
            stderr=subprocess.STDOUT,
        )
        for i in range(WORKERS)
    ]
    try:
        for i, worker in enumerate(workers):
            if worker.wait():
                sys.exit(f"A worker failed: see {logs[i].name}")
    finally:
        for worker in workers:
            worker.terminate()  # the other one has nothing to do any more
    killers = [None] * len(mutants)
    for i, output in enumerate(outputs):
        killers[i::WORKERS] = json.loads(output.read_text())
    return killers


def key(mutant):
    """What a mutant is recognised by, wherever its lines have moved."""
    return tuple(mutant[name] for name in ("module", "function", "was", "now"))


def report(mutants, killers, accepted):
    """Print the new survivors and the table; return whether something is amiss."""
    accepted, counts, survived = {key(entry) for entry in accepted}, Counter(), set()
    for mutant, killer in zip(mutants, killers, strict=True):
        fate = "killed" if killer else "accepted" if key(mutant) in accepted else "new"
        counts[mutant["module"], fate] += 1
        if not killer:
            survived.add(key(mutant))
    for module, function, was, now in sorted(survived - accepted):
        print(f"\nSurvived in {module}.py, {function}:")
        print(*(f"  - {line}" for line in was.splitlines()), sep="\n")
        print(*(f"  + {line}" for line in now.splitlines()), sep="\n")
    for entry in sorted(accepted - survived):
        if not sys.argv[1:]:
            print(f"\nKilled or gone, so take it out of {SURVIVORS.name}: {entry}")
    print(f"\n{'module':28}{'made':>8}{'killed':>8}{'share':>8}{'accepted':>10}{'new':>6}")
    amiss = bool(survived - accepted)
    for name in MODULES:
        killed, known, new = (counts[name, fate] for fate in ("killed", "accepted", "new"))
        total = killed + known + new
        share = killed / total if total else 1
        amiss |= share < AIM
        print(f"{name + '.py':28}{total:8}{killed:8}{share:8.1%}{known:10}{new:6}")
    return amiss


def main(functions):
    """Run the mutants of these functions, or all."""
    mutants = json.loads((HOME / MUTANTS).read_text())
    if functions:
        mutants = [mutant for mutant in mutants if mutant["function"] in functions]
    print(f"==> Running the tests on {len(mutants)} mutants", flush=True)
    accepted = tomllib.loads(SURVIVORS.read_text()).get("survivor", [])
    return report(mutants, run(mutants), accepted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
