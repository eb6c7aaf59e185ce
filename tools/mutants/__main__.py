"""Break the algebra on purpose, one small change at a time: does a test notice every one of them?

    python -m tools.mutants [function ...]

mutmut, in an environment of its own in _build/mutants, writes the mutants: another operator,
number, name or text, an argument less. tools/mutants/run.py runs the tests on each, with a copy of
the package: the working tree is never touched. A mutant that no test kills is a gap in the tests,
or changes nothing that anyone can see; those stand in tools/mutants/survivors.toml with the reason.
"""

import difflib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "_build" / "mutants"
TREE = HOME / "tree"  # what the mutants are made from and the tests run in
MUTANTS = HOME / "mutants.json"
SURVIVORS = ROOT / "tools" / "mutants" / "survivors.toml"
MUTMUT = "mutmut==3.8.1"
MODULES = ("elementwise", "_core/regression", "reduction", "total")
WORKERS = 2
AIM = 0.9  # of the mutants of each module are to be killed


def prepare():
    """Copy package and tests, install mutmut, let it write the mutants; return them."""
    shutil.rmtree(TREE, ignore_errors=True)
    for name in ("lossbook", "tests", "tools", "records"):
        shutil.copytree(ROOT / name, TREE / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", TREE)
    (TREE / "setup.cfg").write_text("[mutmut]\nsource_paths=lossbook\n")  # it asks for one
    uv, env = Path(sys.executable).parent / "uv", HOME / "env"
    python = env / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, env], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, MUTMUT], check=True)
    subprocess.run([python, Path(__file__).resolve(), "--write", MUTANTS], cwd=TREE, check=True)
    return json.loads(MUTANTS.read_text())


def write(path):
    """Write every mutant that mutmut makes of a function: its code, and how it differs."""
    from mutmut.mutation.file_mutation import create_mutations, deep_replace

    mutants, seen = [], set()
    for name in MODULES:
        file = TREE / "lossbook" / f"{name}.py"
        module, mutations, *_ = create_mutations(str(file), file.read_text())
        for mutation in mutations:
            function = mutation.contained_by_top_level_function
            if function not in module.body:  # mutmut leaves the rest of a module alone, too
                continue
            changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
            was, now = (module.code_for_node(node).strip("\n") for node in (function, changed))
            if (name, now) in seen:  # two operators, one result
                continue
            seen.add((name, now))
            mutant = {"module": name, "function": function.name.value, "code": now}
            mutants.append(mutant | difference(was, now))
    Path(path).write_text(json.dumps(mutants))


def difference(was, now):
    """Return the lines that a mutant replaces, and what stands there instead.

    They reach up to a line that occurs once in the function: none is taken for another's.
    """
    old, new = ([line.strip() for line in code.splitlines()] for code in (was, now))
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]
    (_, i1, _, j1, _), (_, _, i2, _, j2) = changed[0], changed[-1]
    while old.count(old[i1]) > 1:
        i1, j1 = i1 - 1, j1 - 1
    return {"was": "\n".join(old[i1:i2]), "now": "\n".join(new[j1:j2])}


def key(mutant):
    """What a mutant is recognised by, wherever its lines have moved."""
    return tuple(mutant[name] for name in ("module", "function", "was", "now"))


def run(count):
    """Let the workers take their share of the mutants; return a killer (or None) for each."""
    settings = {**os.environ, "PYTHONPATH": str(TREE), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tools.mutants.run", MUTANTS]
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
    killers = [None] * count
    for i, output in enumerate(outputs):
        killers[i::WORKERS] = json.loads(output.read_text())
    return killers


def main():
    """Make and run all mutants (or those of the functions named), and say which survived."""
    if sys.argv[1:2] == ["--write"]:
        return write(sys.argv[2])
    print("==> Making the mutants", flush=True)
    mutants = prepare()
    if sys.argv[1:]:
        mutants = [mutant for mutant in mutants if mutant["function"] in sys.argv[1:]]
        MUTANTS.write_text(json.dumps(mutants))
    print(f"==> Running the tests on {len(mutants)} mutants", flush=True)
    killers = run(len(mutants))
    return report(mutants, killers, tomllib.loads(SURVIVORS.read_text()).get("survivor", []))


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
    print(f"\n{'module':16}{'made':>8}{'killed':>8}{'share':>8}{'accepted':>10}{'new':>6}")
    amiss = bool(survived - accepted)
    for name in MODULES:
        killed, known, new = (counts[name, fate] for fate in ("killed", "accepted", "new"))
        made = killed + known + new
        share = killed / made if made else 1
        amiss |= share < AIM
        print(f"{name + '.py':16}{made:8}{killed:8}{share:8.1%}{known:10}{new:6}")
    return amiss


if __name__ == "__main__":
    sys.exit(main())
