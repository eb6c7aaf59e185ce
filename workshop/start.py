"""The workshop on your machine: one folder, no network needed once the wheels are in it.

    python3 start.py download    # with a network: puts the packages into wheels/ (about 0.7 GB)
    python3 start.py             # makes .venv from wheels/ (or from the network), opens JupyterLab
    python3 start.py check       # the same, but runs one notebook instead of opening anything

Needs Python 3.11 to 3.13. `download` fetches what this machine and this Python need: let one
machine of each kind download, and hand the folder round.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHEELS, ENVIRONMENT = HERE / "wheels", HERE / ".venv"
FIRST = HERE / "notebooks/01_one_number.ipynb"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip(*arguments, python=sys.executable):
    """Run pip; stop where it fails."""
    command = [python, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    if subprocess.run(command).returncode:
        sys.exit("The packages could not be installed; what pip says above tells why.")


def download():
    """Put every package of wheels.txt into wheels/."""
    pip("download", "--quiet", "--only-binary=:all:", "--no-deps", "--dest", WHEELS,
        "--requirement", HERE / "wheels.txt")  # fmt: skip
    sizes = [wheel.stat().st_size for wheel in WHEELS.glob("*.whl")]
    print(f"{len(sizes)} packages are in {WHEELS.name}/, {sum(sizes) / 1e6:.0f} MB.")


def install():
    """Make .venv, from wheels/ alone if it is there."""
    done = ENVIRONMENT / "ready"
    if done.exists() and done.read_text() == str(HERE):
        return
    print("Installing the packages into .venv (a minute or two)", flush=True)
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    local = ["--no-index", "--find-links", WHEELS] if WHEELS.exists() else []
    pip(
        "install",
        "--quiet",
        "--no-deps",
        *local,
        "--requirement",
        HERE / "wheels.txt",
        python=PYTHON,
    )
    pip(
        "install", "--quiet", "--no-deps", "--no-index", *HERE.glob("lossbook-*.whl"), python=PYTHON
    )
    done.write_text(str(HERE))


def main(arguments):
    """Download, check, or start."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Needs Python 3.11 to 3.13; this is {sys.version.split()[0]}.")
    if arguments == ["download"]:
        download()
        return
    if arguments not in ([], ["check"]):
        sys.exit(__doc__)
    install()
    jupyter = [PYTHON, "-m", "jupyter"]
    if arguments:
        run = ["execute", FIRST]
        if subprocess.run([*jupyter, *run]).returncode:
            sys.exit("The first notebook did not run; the error above tells why.")
        print("The first notebook ran. Start with: python3 start.py")
    else:
        os.chdir(HERE)
        sys.exit(subprocess.run([*jupyter, "lab", FIRST]).returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
