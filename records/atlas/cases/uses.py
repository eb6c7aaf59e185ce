"""What a model uses: for which readers a case speaks, computed from what the case gives to it."""

import numpy as np

# Crossentropies are capped beyond these: a logit, the distance of a probability from 0 and 1.
LOGIT, EDGE = 16, 1e-7
CROSSENTROPIES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)


def saturated(output):
    """Say whether a crossentropy gets probabilities that it clips, or that a softmax made exact."""
    options, pred = output["options"], output["y_pred"]
    if output["loss"] not in CROSSENTROPIES:
        return False
    if output["activation"] is not None:
        return bool(np.abs(pred).max() > LOGIT)
    return not options.get("from_logits") and bool(np.minimum(pred, 1 - pred).min() < EDGE)


def other_shape(output):
    """Say whether targets lack the shape that this loss is meant for, or predictions are (B,)."""
    true, pred = output["y_true"].shape, output["y_pred"].shape
    sparse = str(output["loss"]).startswith("sparse")
    return output["squeeze"] or true != ((*pred[:-1], 1) if sparse else pred)


def uses(case):
    """Return the names of what the model of a case uses, in the order of `lossbook.atlas.USES`."""
    outputs = case["outputs"]
    rows, options = len(outputs[0]["y_true"]), [output["options"] for output in outputs]
    found = {
        "mask": any(output["mask"] is not None for output in outputs),
        "sample_weight": case["sample_weight"] is not None,
        "class_weight": case["class_weight"] is not None,
        "several_outputs": len(outputs) > 1,
        "penalties": any(output["penalties"] or output["add_loss"] for output in outputs),
        "custom_loss": any(str(output["loss"]).startswith("custom:") for output in outputs),
        "saturated_outputs": any(saturated(output) for output in outputs),
        "short_last_batch": case["batch_size"] < rows and rows % case["batch_size"] > 0,
        "reduction": any("reduction" in one for one in options),
        "from_logits": any("from_logits" in one for one in options),
        "label_smoothing": any("label_smoothing" in one for one in options),
        "ignore_class": any("ignore_class" in one for one in options),
        "loss_weights": case["loss_weights"] is not None,
        "float16": case["dtype"] != "float32",
        "other_shapes": any(other_shape(output) for output in outputs),
    }
    return [name for name, used in found.items() if used]
