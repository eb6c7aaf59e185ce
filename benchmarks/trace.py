"""What `trace` costs against Keras's own eager computation of the same scalar: two ratios.

    python benchmarks/trace.py

Binary crossentropy of shape (16, 256, 256, 5) with weights and a mask, on the CPU. Each way runs in
a process of its own; memory is what the peak rises above the inputs, in multiples of their bytes.
"""

import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time

SHAPE = (16, 256, 256, 5)
REPEATS = 7
WAYS = ("keras", "tensors", "numpy")


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(way):
    """Return the median seconds of a call, and the bytes that the peak rises."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import numpy as np
    from keras import ops

    import lossbook as lb

    rng = np.random.default_rng(0)
    y_pred = rng.uniform(0.01, 0.99, SHAPE).astype("float32")
    y_true = (rng.random(SHAPE, dtype="float32") < 0.5).astype("float32")
    weight = rng.random(SHAPE[:3], dtype="float32")
    mask = rng.random(SHAPE[:3], dtype="float32") < 0.7
    loss = keras.losses.BinaryCrossentropy()
    if way != "numpy":
        y_true, y_pred, weight, mask = map(ops.convert_to_tensor, (y_true, y_pred, weight, mask))

    def call():
        if way == "keras":
            y_pred._keras_mask = mask
            return float(loss(y_true, y_pred, sample_weight=weight))
        return lb.trace("binary_crossentropy", y_true, y_pred, weight, mask).total

    small = [ops.convert_to_tensor(np.full((2, 2), 0.5, "float32")) for _ in range(2)]
    loss(*small), lb.trace("bce", *small)  # what is loaded only once
    before = peak()
    total = call()
    rise = peak() - before
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "bytes": rise, "total": total}


def main():
    """Measure each way in a process of its own and print the ratios."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    found = {}
    for way in WAYS:
        command = [sys.executable, __file__, way]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[way] = json.loads(answer.splitlines()[-1])
    positions = math.prod(SHAPE[:3])
    inputs = positions * (2 * 4 * SHAPE[3] + 4 + 1)  # labels, predictions; weights, mask
    print(f"binary_crossentropy, {SHAPE}, weights and mask: {inputs / 2**20:.0f} MiB of inputs")
    print(f"{'':18}{'seconds':>9}{'/ Keras':>9}{'peak / inputs':>15}   total")
    for way, name in zip(WAYS, ("Keras, eager", "trace, tensors", "trace, NumPy"), strict=True):
        row = found[way]
        ratio = row["seconds"] / found["keras"]["seconds"]
        memory = row["bytes"] / inputs
        print(f"{name:18}{row['seconds']:9.3f}{ratio:9.2f}{memory:15.1f}   {row['total']:.6f}")


if __name__ == "__main__":
    main()
