"""Does the Keras of today, of tomorrow and of Colab still print what the book says?

    python -m tools.watch.drift newest nightly colab
    python -m tools.watch.drift 3.5.0 # an old release, held against the newest rule
    python -m tools.watch.drift 3.5.0 --rule keras-3.5    # and against its own

Each release gets a fresh environment in _build/drift. There the atlas's 255 cases run, and what
tools/watch/drift_probes.py asks beside them. A number that is not the one of the rule is reported
in the
book's words (tools/watch/drift_words.py): on the terminal, in _build/drift/report.md, and on the
page of
a GitHub run. So is every cell of the notebooks that prints something else
(tools/watch/drift_notebooks.py). What a rule says of the atlas's cases is the record of a release
that
follows it; tests/atlas/test_atlas.py holds the rules to these records.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lossbook._rules.families import KNOWN
from lossbook.rules import resolve
from records.atlas import build
from records.atlas.cases import CASES
from tools.watch import colab, drift_notebooks, environments, matrix
from tools.watch.drift_words import Move, markdown, moves, same, text, topic_of

ROOT = Path(__file__).resolve().parents[2]
ATLAS = ROOT / "records" / "atlas"
FOLDER = ROOT / "_build" / "drift"
# What could move a number, of what Colab's newest image has; `make colab` rebuilds all of it.
PINS = [
    p for p in colab.RUNTIMES[colab.NEWEST].packages if re.match("(keras|tensorflow|numpy)==", p)
]
COLAB = next(pin.partition("==")[2] for pin in PINS if pin.startswith("keras"))
NIGHTLY = "Keras as it is developed"  # on the page "Where it runs"
WATCHED = ("newest", "nightly", "colab")
NEWEST = "keras-{}.{}".format(*KNOWN["keras"][-1])


def recorded():
    """Return {release: {case: outcomes}} of everything in the atlas."""
    paths = (ATLAS / "results").glob("*.json")
    return {path.stem: json.loads(path.read_text(encoding="utf8"))["results"] for path in paths}


def record_of(rule, records):
    """Return the name of the newest recorded release that follows a rule."""
    names = [name for name in records if resolve(name) is resolve(rule)]
    return max(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def run_cases(name, python):
    """Run the atlas's cases in an environment; return its results and the titles of the cases."""
    found = build.run(f"drift-{name}", python, None, build.freeze())
    if isinstance(found, str):
        sys.exit(f"The Loss Book: the cases broke down with {name}: {found}")
    return found["results"], {case["id"]: case["title"] for case in CASES}


def run_probes(name, python, rule):
    """Run the probes in an environment; return the lines that they wrote, the first left out."""
    path = FOLDER / f"{name} probes.jsonl"
    command = [
        python,
        "-s",
        "-W",
        "ignore",
        ROOT / "tools" / "watch" / "drift_probes.py",
        rule,
        path,
    ]
    settings = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}
    with open(FOLDER / f"{name} probes.log", "w") as log:
        if subprocess.run(command, env=settings, stdout=log, stderr=log).returncode:
            sys.exit(f"The Loss Book: the probes broke down with {name}: see {log.name}")
    return [json.loads(line) for line in path.read_text().splitlines()][1:]


def moved_probes(lines):
    """Return the Moves among the probes, and how many there are."""
    found = []
    for line in lines:
        ((method, old),) = line["rule"].items()
        new = line["printed"][method]
        pair = old["loss"], new.get("loss")
        if not same(*pair):
            topic = topic_of(line["case"])
            found.append(Move(line["case"], line["title"], topic, (method,), *pair))
    return found, len(lines)


def environment(release, folder):
    """Make the environment of a watched release; return its Python, and a note where it is needed.

    Where no nightly installs, the newest release takes its place, and the report says so.
    """
    if release == "colab":
        python = matrix.environment(COLAB, folder)
        command = [matrix.UV, "pip", "install", "--quiet", "--python", python, *PINS]
        subprocess.run(command, check=True)
        return python, ()
    try:
        return matrix.environment(release, folder), ()
    except subprocess.CalledProcessError:
        if release != "nightly":
            raise
    note = "There is no nightly of Keras that installs here: this is the newest release instead."
    return matrix.environment("newest", folder), (note,)


def own_rule(version, rule):
    """Say which rule the book has for a release, where it is another one than it is held to."""
    release = re.match(r"\d+\.\d+", version)[0]
    try:
        own = resolve(f"keras-{release}")
    except ValueError:
        return (f"The book has no rule for Keras {release} yet, and takes it for {NEWEST}.",)
    if own is resolve(rule):
        return ()
    return (f"The book knows Keras {own.versions}: there its rule is {own.name}.",)


def watch(release, rule, records):
    """Ask one release; return what its two reports are made of: the cases, and the notebooks."""
    folder = FOLDER / release
    print(f"==> {release}: installing it into {folder.relative_to(ROOT)}", flush=True)
    python, notes = environment(release, folder)
    version = matrix.versions(python)
    print(f"==> {version}: the atlas's cases", flush=True)
    results, titles = run_cases(release, python)
    base = record_of(rule, records)
    found = moves(records[base], results, titles, records)
    print(f"==> {version}: layers, regions, every loss", flush=True)
    more, probes = moved_probes(run_probes(release, python, rule))
    title, printed = version.partition(",")[0], None
    if release in WATCHED:  # an older one is not what the notebooks are about
        print(f"==> {version}: notebooks", flush=True)
        printed = (title, *drift_notebooks.run_all(f"drift-{release}", python))
    if release == "nightly" and not notes:
        environments.write(drift_notebooks.record(NIGHTLY, python, *printed[1:]))
    if not os.environ.get("KEEP"):
        shutil.rmtree(folder)
    notes += own_rule(title.removeprefix("Keras "), rule)
    return (title, rule, found + more, len(results) + probes, notes), printed


def publish(reports):
    """Print the reports; write them to a file, and to the page of a GitHub run."""
    told, pages = [], []
    for report, printed in reports:
        told.append(text(*report))
        pages.append(markdown(*report))
        if printed:
            told.append(drift_notebooks.text(*printed))
            pages.append(drift_notebooks.markdown(*printed))
    print("\n\n".join(told))
    page = "\n".join(pages)
    (FOLDER / "report.md").write_text(page, encoding="utf8")
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with open(summary, "a", encoding="utf8") as file:
            file.write(page)


def main():
    """Watch the releases that the command line names; say whether a number or a cell moved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="newest nightly colab 3.5.0")
    parser.add_argument("--rule", help=f"the rule to hold them to ({NEWEST}; colab: its own)")
    chosen = parser.parse_args()
    releases = chosen.releases or WATCHED
    unknown = [r for r in releases if r not in WATCHED and not re.fullmatch(r"3\.\d+\.\d+", r)]
    if unknown:
        sys.exit(f"Expected {', '.join(WATCHED)} or a Keras as 3.5.0. Got: {', '.join(unknown)}.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    records, own = recorded(), "keras-" + COLAB.rpartition(".")[0]
    rules = {r: chosen.rule or (own if r == "colab" else NEWEST) for r in releases}
    reports = [watch(release, rules[release], records) for release in releases]
    publish(reports)
    return any(report[2] or (printed and printed[1]) for report, printed in reports)


if __name__ == "__main__":
    sys.exit(main())
