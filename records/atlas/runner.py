"""Run every case with the Keras of this environment and write what it reports, a line per case.

    python runner.py keras|tensorflow.keras|tf_keras RESULTS [CASE ...]

Keras 2.2.4 to 3.15 on TensorFlow 1.13 to 2.21, Python 3.6+, through the public API alone, learning
rate 0. AutoGraph reads the source of these functions while it runs: do not edit it meanwhile.
"""

import gc
import json
import os
import platform
import re
import signal
import sys
import time
import traceback
import warnings

import numpy as np

from cases import CASES, digest

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
warnings.filterwarnings("ignore")

from models import GENERATOR_METHODS, LEGACY, VERSION, build_output, keras, make_loss, tf  # noqa: E402

PATIENCE = 180  # seconds for one method of one case


class Run:
    """One case: its model, built again when it has to be, and the data."""

    def __init__(self, case):
        self.case = case
        outputs = case["outputs"]
        dtypes = {"i": "int32", "f": "float32"}
        trues = [o["y_true"].astype(dtypes[o["y_true"].dtype.kind]) for o in outputs]
        self.names = [o["name"] for o in outputs]
        if case["y_pack"] == "dict":
            self.y = {o["name"]: y for o, y in zip(outputs, trues) if o["loss"] is not None}
        else:
            self.y = trues if len(trues) > 1 else trues[0]
        self.weights = case["sample_weight"]
        self.size = len(trues[0])
        self.model = None

    def build(self):
        case = self.case
        keras.backend.clear_session()
        inputs, self.x, results = [], [], []
        for spec in case["outputs"]:
            more, values, result = build_output(spec, case["dtype"])
            inputs, self.x = inputs + more, self.x + values
            results.append(result)
        one = len(results) == 1
        model = keras.Model(
            inputs if len(inputs) > 1 else inputs[0], results[0] if one else results
        )
        losses = [make_loss(spec) for spec in case["outputs"]]
        if case["loss_pack"] == "one":
            loss = losses[0]
        elif case["loss_pack"] == "list":
            loss = losses
        else:
            loss = {name: value for name, value in zip(self.names, losses) if value is not None}
        options = {}
        if case["loss_weights"] is not None:
            options["loss_weights"] = case["loss_weights"]
        if case["sample_weight_mode"] and LEGACY:
            options["sample_weight_mode"] = case["sample_weight_mode"]
        try:
            optimizer = keras.optimizers.SGD(learning_rate=0.0)
        except TypeError:
            optimizer = keras.optimizers.SGD(lr=0.0)
        model.compile(optimizer=optimizer, loss=loss, **options)
        self.start = model.get_weights()
        self.model = model
        if len(self.x) == 1:
            self.x = self.x[0]

    def fresh(self):
        """Return the model without memory: no running state, and no weights spoilt by a NaN."""
        if self.model is None:
            self.build()
        self.model.set_weights(self.start)
        if hasattr(self.model, "reset_metrics"):
            self.model.reset_metrics()
        return self.model

    def report(self, result):
        """Return {"loss": ..., "logs": {name: ...}}; logs only where there is more than loss."""
        names = self.model.metrics_names if LEGACY else None
        if isinstance(result, dict):
            logs = dict(result)
        elif isinstance(result, (list, tuple)) and names:
            logs = dict(zip(names, result))
        else:
            logs = {"loss": result}
        logs = {name: number(value) for name, value in logs.items()}
        found = {"loss": logs.pop("loss")}
        if logs:
            found["logs"] = logs
        return found

    def batches(self):
        """Yield the arrays of each batch: x, y, sample_weight."""
        step = self.case["batch_size"]
        for start in range(0, self.size, step):
            yield [cut(part, start, start + step) for part in (self.x, self.y, self.weights)]

    def generator(self):
        """Yield batches without end, in the form that this release wants."""
        while True:
            for x, y, w in self.batches():
                if not LEGACY:
                    x = tuple(x) if isinstance(x, list) else x
                yield (x, y) if w is None else (x, y, w)

    # The methods. Each returns what Keras returned.

    def evaluate(self):
        more = {} if LEGACY else {"return_dict": True}
        return self.fresh().evaluate(
            self.x,
            self.y,
            batch_size=self.case["batch_size"],
            sample_weight=self.weights,
            verbose=0,
            **more,
        )

    def test_on_batch(self):
        more = {} if LEGACY else {"return_dict": True}
        return self.fresh().test_on_batch(self.x, self.y, sample_weight=self.weights, **more)

    def train_on_batch(self):
        return self.train(self.fresh(), self.x, self.y, self.weights)

    def train(self, model, x, y, weights):
        more = {} if LEGACY else {"return_dict": True}
        if self.case["class_weight"] is not None:
            more["class_weight"] = self.case["class_weight"]
        return model.train_on_batch(x, y, sample_weight=weights, **more)

    def fit(self):
        history = self.fresh().fit(
            self.x,
            self.y,
            batch_size=self.case["batch_size"],
            sample_weight=self.weights,
            class_weight=self.case["class_weight"],
            epochs=1,
            shuffle=False,
            verbose=0,
        )
        return {name: values[0] for name, values in history.history.items()}

    def test_on_batch_calls(self):
        model = self.fresh()
        more = {} if LEGACY else {"return_dict": True}
        return [model.test_on_batch(x, y, sample_weight=w, **more) for x, y, w in self.batches()]

    def train_on_batch_calls(self):
        model, found = self.fresh(), []
        for x, y, w in self.batches():
            model.set_weights(self.start)
            found.append(self.train(model, x, y, w))
        return found

    def evaluate_generator(self):
        model, steps = self.fresh(), -(-self.size // self.case["batch_size"])
        if GENERATOR_METHODS:
            return model.evaluate_generator(self.generator(), steps=steps)
        more = {} if LEGACY else {"return_dict": True}
        return model.evaluate(self.generator(), steps=steps, verbose=0, **more)

    def fit_generator(self):
        model, steps = self.fresh(), -(-self.size // self.case["batch_size"])
        fit = model.fit_generator if GENERATOR_METHODS else model.fit
        history = fit(self.generator(), steps_per_epoch=steps, epochs=1, verbose=0)
        return {name: values[0] for name, values in history.history.items()}

    def methods(self):
        found = ["evaluate", "test_on_batch", "train_on_batch", "fit"]
        if self.case["batch_size"] < self.size:
            found += ["test_on_batch_calls", "train_on_batch_calls"]
        if self.case["generator"]:
            found += ["evaluate_generator", "fit_generator"]
        return found

    def run(self, method):
        """Return what one method reported, or the error."""
        signal.alarm(PATIENCE)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = getattr(self, method)()
                if method.endswith("_calls"):
                    return {"calls": [self.report(one) for one in result]}
                return self.report(result)
        except Exception as error:
            self.model = None
            if os.environ.get("ATLAS_TRACEBACK"):
                traceback.print_exc()
            return {"error": message(error)}
        finally:
            signal.alarm(0)


def cut(part, start, stop):
    """Return rows of an array, or of arrays in a list or dict."""
    if isinstance(part, dict):
        return {name: cut(value, start, stop) for name, value in part.items()}
    if isinstance(part, list):
        return [cut(value, start, stop) for value in part]
    return None if part is None else part[start:stop]


def number(value):
    """Return a number with 9 significant digits (float32 needs no more), or a list of them."""
    value = np.asarray(value)
    if value.size > 1:
        return [number(one) for one in value.ravel()]
    text = f"{float(value.ravel()[0]):.9g}"
    return float(text) if np.isfinite(value).all() else text


def message(error):
    """Return the class of an error and the line of its message that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    line, kind = lines[0], type(error).__name__
    if re.match("in user code|in converted code|Graph execution error|Exception encountered", line):
        errors = [re.match(r"(?:[\w.]*\.)?(\w+Error): (.+)", other) for other in lines]
        errors = [match.groups() for match in errors if match]
        hints = [other for other in lines[1:] if re.search("shapes|Expected|must", other)]
        if errors:
            kind, line = errors[-1]
        elif hints:
            line = hints[0]
    return (kind + ": " + re.sub(r" at 0x[0-9a-f]+", "", line))[:120]


def too_long(signum, frame):
    raise RuntimeError("no answer in time")


def provenance():
    import h5py

    return {
        "python": platform.python_version(),
        "keras": getattr(keras, "__version__", None) or VERSION,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "platform": platform.system() + " " + platform.machine(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cases": digest(),
    }


def main():
    """Write a line for each case, at once, so that nothing is lost if a later one breaks down."""
    signal.signal(signal.SIGALRM, too_long)
    gc.disable()  # clear_session collects, which takes long among everything that was imported
    if hasattr(gc, "freeze"):
        gc.freeze()
    only = sys.argv[3:]
    with open(sys.argv[2], "w") as file:
        file.write(json.dumps({"provenance": provenance()}) + "\n")
        for count, case in enumerate(CASES):
            if count % 25 == 0:
                gc.collect()
            if only and case["id"] not in only:
                continue
            start = time.time()
            run = Run(case)
            results = {method: run.run(method) for method in run.methods()}
            line = {"id": case["id"], "seconds": time.time() - start, "results": results}
            file.write(json.dumps(line) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
