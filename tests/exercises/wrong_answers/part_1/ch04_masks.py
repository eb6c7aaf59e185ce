"""What learners get wrong in the chapter "Masks"."""

WRONG = {
    "masks-1": {
        "Weights of 0 leave the sum, but Keras still divides": """
mean = losses[mask].mean()
answer = (mean, mean, losses.mean())
""",
        "With a mask Keras divides by the four steps that are kept.": """
zeroed = np.where(mask, losses, 0)
answer = (zeroed.mean(), zeroed.mean(), losses.mean())
""",
        "The first two are swapped": (
            "(np.mean(losses * mask), np.average(losses, weights=mask), np.mean(losses))"
        ),
        "The first averages each row by itself.": """
rows = [row[kept].mean() for row, kept in zip(losses, mask)]
answer = (sum(rows) / 2, (losses * mask).sum() / 6, losses.sum() / 6)
""",
        "With neither, all six steps count": """
kept = losses[mask]
answer = (kept.mean(), kept.sum() / losses.size, kept.mean())
""",
        "Number 1: The sum of mask · value, divided by the number of rows, 2.": (
            "((losses * mask).sum() / len(losses), (losses * mask).mean(), losses.mean())"
        ),
        "Number 2: That is what PyTorch gives with reduction 'batchmean'. The sum of": (
            "(losses[mask].mean(), (losses * mask).sum(axis=1).mean(), losses.mean())"
        ),
    },
    "masks-2": {
        "Right, but for a batch without a single step to keep": (
            "np.mean((values * sample_weight)[mask])"
        ),
        "You divide by the sum of the weights.": """
weight = sample_weight * mask
return np.average(values, weights=weight) if weight.any() else 0.0
""",
        "You divide by all steps.": "ops.mean(values * mask * sample_weight)",
        "The mask is in the denominator": """
kept = np.count_nonzero(mask)
return np.vdot(values, sample_weight) / kept if kept else 0.0
""",
        "The sample weights are missing": "values[mask].mean() if mask.any() else 0.0",
        "You average each row by itself.": """
means = []
for value, kept, weight in zip(values, mask, sample_weight):
    means.append(np.mean((weight * value)[kept]) if kept.any() else 0.0)
return np.mean(means)
""",
        "The sum of mask · weight · value, divided by the number of rows, 3.": (
            "np.sum(values * mask * sample_weight, axis=-1).mean()"
        ),
        "The sum of weight · value, divided by the number of values, 12. The mask is ignored.": """
if not mask.any():
    return 0.0
return np.mean(values * sample_weight)
""",
    },
    "masks-3": {
        "Those drop the padding, but Keras still divides by all steps": "mask",
        "Those are the coefficients.": """
weights = ops.cast(mask, "float32")
return weights / ops.sum(weights)
""",
        "Upside down": "mask * mask.mean()",
        "The padding has the same weight as the rest.": (
            "np.full(mask.shape, mask.size / np.count_nonzero(mask))"
        ),
        "You count each row by itself.": "np.stack([row * len(row) / row.sum() for row in mask])",
        "Every number that it gives is too large by a factor of 4.": "mask * mask.size",
    },
    "masks-4": {
        "That is the number of the report": """
keep = y_true > 0
return (np.abs(y_true - y_pred) * keep).sum() / keep.size
""",
        "Nothing is masked": "keras.losses.MeanAbsoluteError()(y_true, y_pred)",
        "The mask is in the denominator": (
            "ops.sum(ops.abs(y_true - y_pred)) / (y_true > 0).sum()"
        ),
        "You average each sequence by itself.": """
mask = ops.cast(y_true != 0, "float32")
losses = ops.sum(ops.abs(y_true - y_pred) * mask, axis=-1)
return ops.mean(losses / ops.sum(mask, axis=-1))
""",
        "You take the mask from the predictions.": "np.abs(y_true - y_pred)[y_pred != 0].mean()",
        "That is the loss of the padding": (
            "np.ma.masked_array(np.abs(y_true - y_pred), mask=y_true != 0).mean()"
        ),
        "Those are the losses of the steps, with 0 under the padding.": (
            "np.where(y_true == 0, 0, np.abs(y_true - y_pred))"
        ),
        "The sum of mask · value, divided by the number of rows, 2.": (
            "np.mean([np.abs(t - p)[t != 0].sum() for t, p in zip(y_true, y_pred)])"
        ),
    },
    "masks-5": {
        "The numbers are doubled, but the mask is lost": "lambda x: x * 2",
        "The mask is kept, but nothing is doubled.": "keras.layers.Dropout(0.5)",
        "The mask is lost, and nothing is doubled.": "keras.layers.Masking()",
        "The mask is kept, but the numbers are halved.": "keras.layers.Rescaling(1 / 2)",
        "The mask is kept, but the numbers are doubled twice.": """
twice = keras.layers.Rescaling(2.0)
answer = lambda x: twice(twice(x))
""",
        "The mask is upside down": """
class Twice(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

    def compute_mask(self, inputs, previous_mask):
        return ops.logical_not(previous_mask)


answer = Twice()
""",
        "You set the padding to 0 yourself.": """
real = ops.cast(sounds != 0, "float32")[..., None]
answer = lambda x: 2 * x * real
""",
        "With that Keras raises": "keras.layers.Rescaling",
    },
}
