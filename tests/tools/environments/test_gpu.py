"""make gpu: its code runs dry, on a CPU; what it says of a GPU is told of planted measurements."""

import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from benchmarks import device
from tools.environments import gpu
from tools.notebooks.files import ROOT


def test_a_dry_run_on_the_cpu():
    """The tensors of all helper functions stay, jitted and not agree, and it is said to be dry."""
    command = [sys.executable, "-m", "tools.environments.gpu", "--dry"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(gpu.NO_GPU)
    assert "results of the helper functions: all on cpu:0." in run.stdout
    for what in ("trace: ", "trace, jitted: ", "explain: ", "explain, compiled: "):
        assert what in run.stdout and f"{what}not measured" not in run.stdout
    assert run.stdout.endswith("Nothing is wrong.\n")


@pytest.mark.parametrize(
    ("stray", "totals", "wrong"),
    [
        ([], {"trace": 0.5, "trace, jitted": 0.5000005}, []),
        (["huber on cpu:0"], {}, ["a tensor left its device: huber on cpu:0"]),
        ([], {"trace": 0.5, "trace, jitted": 0.51}, ["trace gives 0.5, trace, jitted gives 0.51"]),
        (
            [],
            {"explain": 0.5, "explain, compiled": 0.6},
            ["explain gives 0.5, explain, compiled gives 0.6"],
        ),
    ],
)
def test_a_fault_is_found(stray, totals, wrong):
    assert device.faults(stray, totals) == wrong


def test_a_tensor_that_strays_is_named():
    here = keras.ops.ones(2)
    found = [("a tensor", here), ("a NumPy array", np.ones(2))]
    assert device.strays(found, device.device(here)) == ["a NumPy array on cpu"]


def test_only_what_is_missing_is_carried(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "WHEELS", tmp_path)
    monkeypatch.setattr(gpu, "SITE", tmp_path / "site")
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("numpy-9.9-py3-none-any.whl", "a_thing_of_ours-1.0-py3-none-any.whl"):
        with zipfile.ZipFile(tmp_path / name, "w") as wheel:
            wheel.writestr(f"{name.partition('-')[0]}/__init__.py", "")
    assert gpu.carry() == []
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["a_thing_of_ours"]
    monkeypatch.setattr(gpu, "NEEDED", ("a_thing_of_ours", "a_thing_of_nobody"))
    assert gpu.carry() == ["a_thing_of_nobody"]
