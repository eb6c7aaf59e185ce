"""Run the planted example of every finding, and keep what audit and Keras say of it.

    python -m tools.website.audit_runs      # those of now; in _build/audit_runs.json afterwards

The page of findings is made from them (tools/sphinx_extensions/reference/findings.py). They are run
anew when lossbook or a pinned package has changed.
"""

import gc
import json
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from tools.notebooks.files import ROOT
from tools.notebooks.runs import quiet, world

FILE = ROOT / "_build" / "audit_runs.json"


@cache
def start():
    """Start to run them, unless those that are kept are still true; return the process, if any."""
    kept = json.loads(FILE.read_text(encoding="utf8")) if FILE.exists() else {}
    if kept.get("world") != world():
        return subprocess.Popen([sys.executable, "-m", "tools.website.audit_runs"], cwd=ROOT)


@cache
def all_runs():
    """Return the runs by code, when all are done."""
    process = start()
    if process and process.wait():
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return json.loads(FILE.read_text(encoding="utf8"))["runs"]


def prepare():
    """Load what every run needs, and keep it out of the collections that `clear_session` starts."""
    quiet()
    import keras  # noqa: F401

    import lossbook._audit  # noqa: F401

    gc.collect()
    gc.freeze()


def run(code):
    """Return what audit says of a planted example, Keras's number, and that of each way out."""
    import lossbook as lb
    from lossbook._audit import HAZARDS

    warnings.simplefilter("ignore")  # Keras's own; the findings say more
    hazard = HAZARDS[code]
    try:
        case = planted(hazard)
        findings = [f for f in lb.audit(case.model, **case.data) if f.code == hazard.code]
        if not findings:
            return {"failed": "audit has no such finding here"}
        ways = [number(planted(hazard, k)) for k in range(1, len(hazard.ways) + 1)]
    except Exception as error:  # on a release or a backend that cannot have it
        return {"failed": words(error)}
    finding = findings[0]
    return {
        "says": str(finding),
        "message": finding.message,
        "fix": finding.fix,
        "number": number(planted(hazard)),  # anew: a loss that counts its calls goes on otherwise
        "ways": ways,
        "by": "fit" if "class_weight" in case.data else "evaluate",
    }


def planted(hazard, mended=0):
    """Return an example, or its k-th way out, with the same names and weights each time."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    return hazard.planted(mended)


def number(case):
    """Return the loss that Keras reports for an example, or its error, as text."""
    data = dict(case.data)
    try:
        if "class_weight" in data:  # which evaluate does not take
            loss = case.model.fit(**data, verbose=0, shuffle=False).history["loss"][0]
        else:
            loss = case.model.evaluate(**data, verbose=0)
        return f"{loss[0] if isinstance(loss, list) else loss:.4g}"
    except Exception as error:
        return words(error)


def words(error):
    """Return the class and the first line of an error."""
    from lossbook._audit.finding import keras_words

    return keras_words(error)


def main():
    """Run all examples and keep the runs."""
    from lossbook._audit import HAZARDS

    with ProcessPoolExecutor(2, initializer=prepare) as pool:
        runs = dict(zip(HAZARDS, pool.map(run, HAZARDS), strict=True))
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps({"world": world(), "runs": runs}, indent=1), encoding="utf8")
    failed = [f"{code}: {found['failed']}" for code, found in runs.items() if "failed" in found]
    print(
        f"{len(runs)} examples run, {len(failed)} of them without their finding.", *failed, sep="\n"
    )


if __name__ == "__main__":
    main()
