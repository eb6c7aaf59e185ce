"""Pack the workshop into one zip: notebooks without solutions, the site, the list of wheels.

    python -m tools.workshop.bundle          # _build/lossbook-workshop.zip, from the built site
    python -m tools.workshop.bundle check    # unpack it elsewhere, let it work without a network

The check downloads the wheels that the zip's own list names, hides the network, makes a fresh
environment from them, and runs every notebook of the 90-minute cut in it, as `start.py` does the
first one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.notebooks.files import ROOT, name_of
from tools.workshop import learner_notebooks
from tools.workshop.plan import load

BUNDLE = ROOT / "_build/lossbook-workshop.zip"
SITE = ROOT / "_build/html"
FILES = ("README.md", "start.py", "mail.txt", "wheels.txt")
# Where the system has no namespace without a network, pip and Python's requests meet closed doors.
HIDDEN = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
HIDDEN |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")


def pack():
    """Write the zip; return its path."""
    if not (SITE / "book/index.html").exists() or not (SITE / "slides/index.html").exists():
        sys.exit("The site is not there, or lacks its slides. Run: make book slides")
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder, "lossbook-workshop")
        shutil.copytree(SITE, top / "site", ignore=shutil.ignore_patterns(".buildinfo"))
        learner_notebooks.write(top / "notebooks")
        for name in FILES:
            shutil.copy(ROOT / "workshop" / name, top)
        build = [Path(sys.executable).with_name("uv"), "build", "--quiet", "--wheel", "--out-dir"]
        subprocess.run([*build, top, ROOT], check=True)
        (top / ".gitignore").unlink(missing_ok=True)  # uv's own
        with zipfile.ZipFile(BUNDLE, "w", zipfile.ZIP_DEFLATED) as bundle:
            for path in sorted(top.rglob("*")):
                bundle.write(path, path.relative_to(folder))
    return BUNDLE


def check():
    """Unpack the zip in a folder of its own and use it as a participant without a network does."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(BUNDLE) as bundle:
            bundle.extractall(folder)
        top = Path(folder, "lossbook-workshop")
        subprocess.run([sys.executable, "start.py", "download"], cwd=top, check=True)
        print("==> From here on without a network", flush=True)
        command, environment = offline()
        subprocess.run([*command, sys.executable, "start.py", "check"], cwd=top, env=environment,
                       check=True)  # fmt: skip
        chapters = [step.chapter for step in load().steps_in("90") if step.chapter]
        run = [top / ".venv/bin/python", "-m", "jupyter", "execute"]
        for chapter in chapters[1:]:  # the first one ran
            subprocess.run([*command, *run, f"notebooks/{chapter}.ipynb"], cwd=top,
                           env=environment, check=True)  # fmt: skip
        print(f"The zip works without a network: {len(chapters)} notebooks ran.")


def offline():
    """Return what to put before a command so that it has no network, and its environment."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | HIDDEN
    alone = ["unshare", "--net", "--map-root-user"]
    # A namespace without a network, where this system grants one; its loopback has to be raised,
    # for a kernel is spoken to over it.
    raised = [*alone, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    granted = (
        shutil.which("unshare")
        and not subprocess.run([*raised, "true"], capture_output=True).returncode
    )
    if not granted:
        print("No namespace without a network here: the package index and proxies are closed.")
    return (raised if granted else []), environment


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check()
    else:
        size = pack().stat().st_size / 2**20
        print(f"{name_of(BUNDLE)}: {size:.1f} MB. Unpack it, then: python3 start.py")
