"""What learners get wrong in the chapter "Custom losses"."""

CROSSENTROPY = """
w = np.asarray(class_weights)
losses = -np.log(np.where(y_true == 1, y_pred, 1 - y_pred))
return {}
"""
TRUE_WEIGHT = "w[np.argmax(y_true, axis=-1)]"

WRONG = {
    "custom-losses-1": {
        "That is what was meant.": "bce.shape",
        "The kept axis of length 1 is stretched": "(*bce.shape, 1)",
        "The classes are gone": "(bce[..., None] * one_hot).shape",
        "The classes are summed over.": "(4, 4, 5)",
        "Nothing is averaged here": "(weights * bce).mean().shape",
        "Expected 4 numbers, got one number.": "64",
        "Every number is too large by a factor of 2.": "8, 8, 8, 8",
    },
    "custom-losses-2": {
        "Mind the sign": "((bce + 1 + dice) * weights).mean()",
        "That is the sum.": "float(weights @ (bce - 1 - dice))",
        "Keras divides by the number of pixels, 16, not": (
            "np.average(bce - (1 + dice), weights=weights)"
        ),
        "You averaged the crossentropy first.": "(bce.mean() - 1 - dice) * weights.mean()",
        "You weighted the crossentropy alone": "(bce * weights).mean() - 1 - dice",
        "4 is the key in the dict.": """
weights[0] = list({0: 1, 1: 1, 2: 1, 3: 1, 4: 1000})[-1]
answer = np.mean((bce - (1 + dice)) * weights)
""",
        "Without weights it would be so.": "bce.mean() - (1 + dice)",
        "The sum of weight² · value": """
values = (bce - (1 + dice)) * weights
answer = (values * weights).mean()  # handed over as sample_weight as well
""",
    },
    "custom-losses-3": {
        "One number can't be weighted": CROSSENTROPY.format(
            f"np.mean(losses.mean(axis=-1) * {TRUE_WEIGHT})"
        ),
        "One value per sample takes no mask": """
losses = y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred)
by_position = -np.mean(losses, axis=-1) * (y_true @ np.array(class_weights))
return by_position.reshape(len(y_true), -1).mean(axis=1)
""",
        "You weighted every element by its class.": CROSSENTROPY.format(
            "np.dot(losses, w) / len(w)"
        ),
        "You summed over the classes": CROSSENTROPY.format(f"losses.sum(-1) * {TRUE_WEIGHT}"),
        "That is the crossentropy.": "keras.losses.binary_crossentropy(y_true, y_pred)",
        "Half is missing": """
weight = ops.sum(y_true * np.array(class_weights), axis=-1)
return -weight * ops.mean(y_true * ops.log(y_pred), axis=-1)
""",
        "You looked the weight up for the predicted class.": CROSSENTROPY.format(
            "losses.mean(axis=-1) * w[np.argmax(y_pred, axis=-1)]"
        ),
        "Every number that it gives has the wrong sign.": """
losses = y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred)
return losses.mean(axis=-1) * np.sum(y_true * class_weights, axis=-1)
""",
    },
    "custom-losses-4": {
        "That is as posted": "Squared(reduction=None).call(y_true, y_pred)",
        "The pairs are right.": """
difference = np.ravel(y_pred) - np.ravel(y_true)
return np.mean(difference**2)
""",
        "The last axis of length 1 is still there": """
if len(y_true.shape) < len(y_pred.shape):
    y_true = ops.expand_dims(y_true, axis=-1)
return ops.square(y_pred - y_true)
""",
        "One number per sample loses the positions": """
squares = (y_pred - y_true.reshape(y_pred.shape)) ** 2
return squares.mean(axis=tuple(range(1, squares.ndim)))
""",
        "You flattened the positions": """
y_true, y_pred = ops.reshape(y_true, (-1, 1)), ops.reshape(y_pred, (-1, 1))
return ops.mean(ops.square(y_pred - y_true), axis=-1)
""",
        "That is the absolute error": (
            "ops.abs(y_pred[..., 0] - ops.reshape(y_true, y_pred.shape[:-1]))"
        ),
        "Your function raised": (
            "ops.mean(ops.square(ops.squeeze(y_pred, -1) - ops.squeeze(y_true, -1)))"
        ),
        "For y_true=": """
squares = (y_pred - y_true.reshape(y_pred.shape)) ** 2
return np.sqrt(squares).mean(axis=-1) * squares.mean()
""",
    },
}
