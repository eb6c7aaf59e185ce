"""make gpu: its code runs dry, on a CPU; what it says of a GPU is told of planted measurements."""

import copy
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.watch import environments, gpu

ROOT = Path(__file__).resolve().parents[2]
FOUND = {
    "device": "gpu:0",
    "checked": 31,
    "strays": [],
    "shape": [64, 256, 256, 5],
    "copied": 2_000_000_000,
    "read": 1_000_000_000,
    "seconds": {"copy": 0.001, "trace": 0.002, "trace, jitted": 0.001, "explain": "OutOfMemory"},
    "totals": {"trace": 0.5, "trace, jitted": 0.5000005},
}


@pytest.mark.parametrize("backend", gpu.installed())
def test_a_dry_run_on_the_cpu(backend):
    """The tensors of all helper functions stay, jitted and not agree, and it is said to be dry."""
    command = [sys.executable, "-m", "tools.watch.gpu", "--dry"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(gpu.NO_GPU)
    assert "results of the helper functions: all on cpu:0." in run.stdout
    for what in ("trace: ", "trace, jitted: ", "explain: ", "explain, compiled: "):
        assert what in run.stdout and f"{what}not measured" not in run.stdout
    assert "a dry run (" in run.stdout and run.stdout.endswith("Nothing is wrong.\n")


def test_what_is_said_of_a_gpu():
    alone = {"seconds": {"copy": 0.1, "trace": 0.5, "trace, jitted": 0.05}}
    assert gpu.lines(FOUND, alone) == [
        "GPU: a copy moves 2000.0 GB/s. Arrays of shape (64, 256, 256, 5).",
        "trace: 0.002 s, 500 GB/s of its inputs, 25% of the copy; the CPU needs 250 times as long.",
        "trace, jitted: 0.001 s, 1e+03 GB/s of its inputs, 50% of the copy; the CPU needs 50 times "
        "as long.",
        "explain: not measured (OutOfMemory).",
    ]


@pytest.mark.parametrize(
    ("planted", "wrong"),
    [
        ({}, []),
        ({"strays": ["huber on cpu:0"]}, ["a tensor left its device: huber on cpu:0"]),
        ({"device": "cpu:0"}, ["the tensors lived on cpu:0, not on the GPU"]),
        (
            {"totals": {"trace": 0.5, "trace, jitted": 0.51}},
            ["trace gives 0.5, trace, jitted gives 0.51"],
        ),
        (
            {"totals": {"explain": 0.5, "explain, compiled": 0.6}},
            ["explain gives 0.5, explain, compiled gives 0.6"],
        ),
    ],
)
def test_a_fault_is_found(planted, wrong):
    assert gpu.checks({**copy.deepcopy(FOUND), **planted}, gpu=True) == wrong


def test_a_tensor_that_strays_is_named():
    run = subprocess.run([sys.executable, "-c", STRAY], capture_output=True, text=True, cwd=ROOT)
    assert json.loads(run.stdout.splitlines()[-1]) == ["a NumPy array on cpu"], run.stderr


STRAY = """
import json, keras, numpy as np
from tools.watch.gpu_bench import device, strays
here = keras.ops.ones(2)
print(json.dumps(strays([("a tensor", here), ("a NumPy array", np.ones(2))], device(here))))
"""


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


def test_what_did_not_run_on_a_gpu_is_said():
    assert gpu.absent(["jax", "tensorflow"], ["jax"]) == [
        "Not run on this GPU: PyTorch, which is not installed here.",
        "Not run on this GPU: TensorFlow, which sees no GPU here.",
    ]
    assert gpu.absent(list(gpu.TITLES), list(gpu.TITLES)) == []


def test_a_run_without_the_gpu_hides_it():
    assert gpu.settings("jax", gpu=False)["JAX_PLATFORMS"] == "cpu"
    assert gpu.settings("torch", gpu=False)["CUDA_VISIBLE_DEVICES"] == ""
    assert gpu.settings("jax", gpu=True).get("JAX_PLATFORMS") == os.environ.get("JAX_PLATFORMS")


def test_the_note_that_stands_for_a_gpu_is_honest():
    ran = [{"backend": "jax", "backend_version": "0.10.2"}]
    record = gpu.dry_record(ran)
    assert environments.problems(record) == []
    assert record["notebooks"] == {} and record["device"] is None
    told = " ".join(record["notes"])
    assert "No GPU was at hand: nothing has run on one, under TensorFlow, JAX or PyTorch." in told
    assert "JAX 0.10.2" in told
