"""Make the environments of the atlas, run every case in each, and save what they report.

make atlas                                    every release (40; see README.md)
make atlas RELEASES="keras-2.2.4 keras-3.8.0" these alone
make atlas RELEASES=keras-2.2.4 ARGS=--check  run again and compare with results/, write nothing
make atlas ARGS=--table                       what results/ holds; runs nothing
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from records.atlas import summary
from records.atlas.releases import ENVIRONMENTS, RELEASES

HERE = Path(__file__).parent
RESULTS = HERE / "results"
BUILD = HERE.parents[1] / "_build" / "atlas"
FROZEN = ("runner.py", "models.py", "cases")
LIMIT = 3600  # seconds for one release
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def find_python(version):
    """Return an interpreter of this minor version, or None: from PATH, pyenv or uv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    candidates += [f"python{version}"]
    if UV:
        found = subprocess.run([UV, "python", "find", version], capture_output=True, text=True)
        candidates += found.stdout.split()
    asks = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        try:
            answer = subprocess.run([candidate, "-c", asks], capture_output=True, text=True)
        except OSError:
            continue
        if answer.stdout.strip() == version:
            return candidate
    return None


def pythons(releases):
    """Return {version: interpreter} for these releases; end with a message if one is missing."""
    wanted = sorted(
        {ENVIRONMENTS[RELEASES[release][0]][0] for release in releases},
        key=lambda version: int(version.split(".")[1]),
    )
    found = {version: find_python(version) for version in wanted}
    print("Pythons needed:", ", ".join(f"{v} ({found[v] or 'missing'})" for v in wanted))
    missing = [version for version in wanted if not found[version]]
    if missing:
        sys.exit(
            f"The Loss Book: the atlas needs Python {', '.join(missing)} as well. Install with "
            f"`pyenv install {missing[0]}` or `uv python install {missing[0]}`, or name releases "
            "that need no old Python: make atlas RELEASES='keras-3.8.0 keras-3.15.1'"
        )
    return found


def installer(python, version):
    """Return the command that installs into an environment: uv, or pip for Python 3.7."""
    if UV and version != "3.7":
        return [UV, "pip", "install", "--quiet", "--python", python]
    return [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]


def make(release, interpreters):
    """Make the environment of a release where it is missing; return its Python and overlay."""
    name, overlay = RELEASES[release]
    version, packages = ENVIRONMENTS[name]
    folder = BUILD / name
    python = folder / "bin" / "python"
    stamp = folder / "packages.txt"
    wanted = "\n".join([version, *packages])
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"==> {name}: Python {version}, {', '.join(packages)}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([interpreters[version], "-m", "venv", folder], check=True)
        subprocess.run([*installer(python, version), *packages], check=True)
        stamp.write_text(wanted)
    if overlay is None:
        return python, None
    target = BUILD / "overlays" / overlay.replace("==", "-")
    if not target.exists():
        command = [*installer(python, version), "--no-deps", "--target"]
        subprocess.run([*command, f"{target}.part", overlay], check=True)
        Path(f"{target}.part").rename(target)
    return python, target


def freeze():
    """Copy what runs, so that nobody can edit it meanwhile (AutoGraph reads it as it goes)."""
    files = sorted(path for name in FROZEN for path in (HERE / name, *(HERE / name).glob("*.py")))
    files = [path for path in files if path.is_file()]
    text = b"".join(path.read_bytes() for path in files)
    folder = BUILD / "frozen" / hashlib.sha256(text).hexdigest()[:12]
    for path in files:
        copy = folder / path.relative_to(HERE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


def run(release, python, overlay, frozen):
    """Run all cases with one release; return its results, or a message where it broke down."""
    module = {"tf.": "tensorflow.keras", "tf_": "tf_keras"}.get(release[:3], "keras")
    lines, log = BUILD / f"{release}.jsonl", BUILD / f"{release}.log"
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(BUILD / "home"),
        "KERAS_HOME": str(BUILD / "home"),
        "PYTHONPATH": str(overlay or ""),
        "PYTHONHASHSEED": "0",
        **{name: "1" for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")},
    }
    command = [python, "-s", frozen / "runner.py", module, lines]
    with open(log, "w") as file:
        try:
            start = time.monotonic()
            subprocess.run(
                command, env=settings, stdout=file, stderr=file, timeout=LIMIT, check=True
            )
        except subprocess.SubprocessError as error:
            return f"{error}; see {log}"
    first, *rest = [json.loads(line) for line in lines.read_text().splitlines()]
    cells = {line["id"]: grouped(line["results"]) for line in rest}
    provenance = {**first["provenance"], "seconds": round(time.monotonic() - start)}
    return {"release": release, "provenance": provenance, "results": cells}


def grouped(results):
    """Return {"evaluate fit": outcome}: methods with the same outcome share a key."""
    groups = {}
    for method, outcome in results.items():
        groups.setdefault(json.dumps(outcome), []).append(method)
    return {" ".join(methods): json.loads(outcome) for outcome, methods in groups.items()}


def save(found):
    """Write the results of a release: a line for each case."""
    lines = [f"  {json.dumps(id)}: {json.dumps(cell)}" for id, cell in found["results"].items()]
    text = [
        "{",
        f'"release": {json.dumps(found["release"])},',
        f'"provenance": {json.dumps(found["provenance"])},',
        '"results": {',
        ",\n".join(lines),
        "}",
        "}",
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{found['release']}.json").write_text("\n".join(text) + "\n")


def saved(release):
    """Return the results of a release, or None."""
    path = RESULTS / f"{release}.json"
    return json.loads(path.read_text()) if path.exists() else None


def differences(found, before):
    """Return the cases of two runs whose scalars, logs or errors differ.

    The shapes in an error may change places: TensorFlow multiplies (4, 5) by (4,) in the loss and
    in its gradient at once, and whichever fails first words the error.
    """
    if before is None:
        return ["no results to compare with"]
    found, before = (
        {id: plain(cell) for id, cell in run["results"].items()} for run in (found, before)
    )
    return [id for id in sorted({*found, *before}) if found.get(id) != before.get(id)]


def plain(cell):
    """Return {method: outcome} of a case, the shapes in an error in one order."""
    shapes = re.compile(r"(\[[\d,]*\]) vs\. (\[[\d,]*\])")

    def in_order(outcome):
        error = outcome.get("error", "")
        ordered = shapes.sub(lambda pair: " vs. ".join(sorted(pair.groups())), error)
        return {**outcome, "error": ordered} if error else outcome

    return {method: in_order(outcome) for method, outcome in summary.by_method(cell).items()}


def moved(python):
    """Run all cases in an environment with another Keras; return those that moved.

    A case has moved where a number is not the one recorded of the newest release, up to rounding,
    or where one of the two refuses.
    """
    found = run("moved", python, None, freeze())
    if isinstance(found, str):
        sys.exit(f"The Loss Book: {found}")
    before = saved(list(RELEASES)[-1])["results"]
    return [id for id, cell in found["results"].items() if not alike(cell, before[id])]


def alike(cell, before):
    """Say whether the methods of a case report the same numbers, or refuse alike."""
    one, other = (
        {
            (method, name): number
            for method, outcome in summary.by_method(case).items()
            for name, number in summary.reported(outcome).items()
        }
        for case in (cell, before)
    )
    return one.keys() == other.keys() and all(summary.same(one[key], other[key]) for key in one)


def row(found):
    """Return the line of a release in the table."""
    outcomes = [
        outcome
        for cell in found["results"].values()
        for methods, outcome in cell.items()
        for _ in methods.split()
    ]
    errors = sum("error" in outcome for outcome in outcomes)
    return (
        f"{found['release']:16} {len(found['results']):5} cases {len(outcomes):6} runs "
        f"{len(outcomes) - errors:6} with a number {errors:5} errors "
        f"{found['provenance']['seconds']:6} s"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("releases", nargs="*", metavar="RELEASE")
    parser.add_argument("--check", action="store_true", help="compare with results/, write nothing")
    parser.add_argument("--table", action="store_true", help="show results/, run nothing")
    parser.add_argument("--jobs", type=int, default=2, help="releases at a time (2)")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.releases) - set(RELEASES))
    if unknown:
        sys.exit(f"The Loss Book: no release {', '.join(unknown)}. Known: {', '.join(RELEASES)}")
    releases = chosen.releases or list(RELEASES)
    if chosen.table:
        print("\n".join(row(saved(release)) for release in releases if saved(release)))
        return
    interpreters = pythons(releases)
    ready = {release: make(release, interpreters) for release in releases}
    frozen, failed = freeze(), []
    with ThreadPoolExecutor(chosen.jobs) as pool:
        runs = {pool.submit(run, release, *ready[release], frozen): release for release in releases}
        for future in as_completed(runs):
            found = future.result()
            if isinstance(found, str):
                failed.append(f"{runs[future]}: {found}")
                print(failed[-1], flush=True)
                continue
            print(row(found), flush=True)
            if chosen.check:
                changed = differences(found, saved(runs[future]))
                failed += [f"{runs[future]}: {id}" for id in changed]
                print(f"{'':16} {len(changed)} cases differ: {', '.join(changed) or 'none'}")
            else:
                save(found)
    if not chosen.check:
        summary.TARGET.write_text(summary.summary())
    if failed:
        sys.exit(f"The Loss Book: {len(failed)} failures:\n" + "\n".join(failed))


if __name__ == "__main__":
    main()
