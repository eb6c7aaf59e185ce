"""What learners get wrong in the chapter "Reduction"."""

WRONG = {
    "reduction-1": {
        "The first is divided by the batch size 2.": """
total = (values * weight).sum()
answer = (total / len(values), total / weight.sum(), total)
""",
        "The first is the weighted mean.": """
mean = np.average(values, weights=weight)
answer = (mean, mean, values.ravel() @ weight.ravel())
""",
        "The second divides by the number of values.": """
weighted = values * weight
answer = (weighted.mean(), weighted.mean(), weighted.sum())
""",
        "Those are the reductions without weights.": (
            "(values.mean(), values.sum() / 6, values.sum())"
        ),
        "The second is divided by the batch size 2.": """
total = np.sum(weight * values)
answer = (total / values.size, total / values.shape[0], total)
""",
        "Number 3 of 3 is too small by a factor of 2.29.": """
total = np.sum(weight * values)
answer = (total / 6, total / weight.sum(), values.sum())
""",
        "Number 1: The sum of the values, divided by the number of values, 6. The weights are": """
total = np.sum(weight * values)
answer = (np.mean(values), total / weight.sum(), total)
""",
    },
    "reduction-2": {
        "You divide by all values.": "np.where(mask, sample_weight, 0) / sample_weight.size",
        "You divide by the sum of the weights": """
weight = ops.cast(mask, "float32") * sample_weight
return weight / ops.sum(weight)
""",
        "You divide by the number of weights that are not 0.": """
weight = mask * sample_weight
return weight / np.count_nonzero(weight)
""",
        "The denominator is right, but the values that the mask drops": (
            "sample_weight / np.count_nonzero(mask)"
        ),
        "That is the mask alone.": "lb.aggregate(np.ones(mask.shape), mask=mask).coefficients",
        "Every number that it gives is too large by a factor of 4.": "sample_weight * mask",
    },
    "reduction-3": {
        "You count the classes.": "rate / np.zeros(shape).size",
        "That divides by the batch size.": "rate / shape[0]",
        "Those are the pixels of one image.": "rate / (128 * 128)",
        "The right factor, but the wrong way": "rate * 16 * 128**2",
        "With the old rate every step is 262,144 times as long.": "rate",
        "Your number is too large by a factor of 128.": "rate / (16 * 128)",
    },
    "reduction-4": {
        "Those are the means of the samples": (
            "ops.mean(ops.square(y_true - y_pred), axis=(1, 2, 3))"
        ),
        "Those are the values, one per position.": (
            "keras.losses.mean_squared_error(y_true, y_pred)"
        ),
        "That is the number that was expected.": """
loss = keras.losses.MeanSquaredError(reduction="sum")
return loss(y_true, y_pred) / len(y_true)
""",
        "Keras divides by the batch size itself": """
values = keras.losses.mean_squared_error(y_true, y_pred)
return ops.sum(values, axis=(1, 2)) / y_true.shape[0]
""",
        "You add the last axis up as well.": "np.sum((y_true - y_pred) ** 2, axis=(1, 2, 3))",
        'That is reduction="sum"': (
            'keras.losses.MeanSquaredError(reduction="sum")(y_true, y_pred)'
        ),
        "You add the samples up, the first axis.": (
            "sum(np.mean((y_true - y_pred) ** 2, axis=-1))"
        ),
        "Your function returns an array of shape (3, 4), expected": (
            "ops.sum(keras.losses.mean_squared_error(y_true, y_pred), axis=1)"
        ),
    },
}
