"""What `explain` costs on a U-Net, as ratios to `evaluate` and to what one would do by hand.

    python -m benchmarks.by_hand                       # 256 x 256 x 5, 64 images, batches of 16
    python -m benchmarks.by_hand --side 64 --filters 8 # a smaller one, in a minute
    python -m benchmarks.by_hand --growth              # with the number of samples, too

Each way runs in a process of its own, once to compile and then again. Memory is what the peak
rises above the process with its data and the model in it; CPU seconds, of all cores, say more than
those of the clock where the machine is busy. By hand: `predict`, then NumPy. Per
class: one `evaluate` for each class, of a model with that class alone in its loss.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

from benchmarks.models import unet

CLASSES = 5
WAYS = {
    "evaluate": "evaluate",
    "explain": "explain",
    "by hand": "predict, then NumPy",
    "per class": "evaluate per class",
}


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def by_hand(np, p, y):
    """Return the contribution of each class from predictions, as one would write it down."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    loss = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return loss.mean(axis=(0, 1, 2)) / CLASSES


def measure(way, side, filters, rows, batch):
    """Return seconds of the first call and the next, and the bytes that the peak rises."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import numpy as np

    import lossbook as lb

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = unet(side, filters)
    model.compile("adam", "binary_crossentropy")
    x = rng.random((rows, side, side, 3), dtype="float32")
    y = np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, (rows, side, side))]

    def one_class(k):
        def loss(y_true, y_pred):
            return keras.losses.binary_crossentropy(y_true[..., k : k + 1], y_pred[..., k : k + 1])

        return loss

    def call():
        if way == "evaluate":
            return [model.evaluate(x, y, batch_size=batch, verbose=0)]
        if way == "explain":
            found = lb.explain(model, x, y, batch_size=batch, verbose=0).by("class")
            return list(found.values())
        if way == "by hand":
            return by_hand(np, model.predict(x, batch_size=batch, verbose=0), y).tolist()
        losses = []
        for k in range(CLASSES):
            model.compile("adam", one_class(k))
            losses.append(model.evaluate(x, y, batch_size=batch, verbose=0) / CLASSES)
        return losses

    small = unet(16, 2)
    small.compile("adam", "binary_crossentropy")
    lb.explain(small, x[:2, :16, :16], y[:2, :16, :16], verbose=0)  # what is loaded only once
    before, seconds, busy = peak(), [], []
    for _ in range(2):
        start, used = time.perf_counter(), time.process_time()
        parts = call()
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
    return {"seconds": seconds, "busy": busy[1], "bytes": peak() - before, "loss": sum(parts)}


def run(way, *size):
    command = [sys.executable, "-m", "benchmarks.by_hand", "--way", way, "--size", *map(str, size)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(answer.splitlines()[-1])


def compare(side, filters, rows, batch):
    """Print a table: each way, and its ratios to evaluate."""
    print(f"U-Net {side} x {side} x {CLASSES}, {filters} filters, {rows} images, batch {batch}")
    print(f"{'':22}{'first s':>9}{'/ evaluate':>12}{'again s':>9}{'/ evaluate':>12}", end="")
    print(f"{'CPU s':>9}{'/ evaluate':>12}{'peak MiB':>10}{'/ evaluate':>12}   loss")
    found = {way: run(way, side, filters, rows, batch) for way in WAYS}
    base = found["evaluate"]
    for way, name in WAYS.items():
        (first, again), memory = found[way]["seconds"], found[way]["bytes"]
        print(f"{name:22}{first:9.2f}{first / base['seconds'][0]:12.2f}", end="")
        print(f"{again:9.2f}{again / base['seconds'][1]:12.2f}", end="")
        print(f"{found[way]['busy']:9.2f}{found[way]['busy'] / base['busy']:12.2f}", end="")
        print(f"{memory / 2**20:10.0f}{memory / base['bytes']:12.2f}   {found[way]['loss']:.6f}")


def growth(side, filters, rows, batch):
    """Print what more samples cost explain and evaluate."""
    print(f"\n{'images':>8}{'explain s':>11}{'/ evaluate':>12}{'peak MiB':>10}{'/ evaluate':>12}")
    for count in (rows, 2 * rows, 4 * rows):
        base, found = (run(way, side, filters, count, batch) for way in ("evaluate", "explain"))
        again, memory = found["seconds"][1], found["bytes"]
        print(f"{count:8}{again:11.2f}{again / base['seconds'][1]:12.2f}", end="")
        print(f"{memory / 2**20:10.0f}{memory / base['bytes']:12.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256, help="rows and columns (256)")
    parser.add_argument("--filters", type=int, default=32, help="of the first level (32)")
    parser.add_argument("--rows", type=int, default=64, help="images (64)")
    parser.add_argument("--batch", type=int, default=16, help="images of a batch (16)")
    parser.add_argument("--growth", action="store_true", help="also with 2 and 4 times the images")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(measure(asked.way, *asked.size)))
        return
    size = asked.side, asked.filters, asked.rows, asked.batch
    compare(*size)
    if asked.growth:
        growth(*size)


if __name__ == "__main__":
    main()
