"""What learners get wrong in the chapter "Elementwise crossentropy"."""

WRONG = {
    "elementwise-1": {
        "Nothing is clipped": """
return -np.where(y_true == 1, np.log(y_pred), 0) - (1 - y_true) * np.log(1 - y_pred) - (
    np.where((y_true > 0) & (y_true < 1), y_true * np.log(y_pred), 0)
)
""",
        "You clip in float64.": """
p = np.minimum(np.maximum(y_pred.astype("float64"), 1e-7), 1 - 1e-7)
return -(y_true * np.log(p) + (1 - y_true) * np.log1p(-p))
""",
        "You add 1e-7 inside the logarithm.": """
epsilon = keras.config.epsilon()
yes, no = ops.log(y_pred + epsilon), ops.log(1 - y_pred + epsilon)
return -(y_true * yes) - (1 - y_true) * no
""",
        "The sign is wrong": """
p = np.clip(y_pred, 1e-7, 1 - 1e-7)
return y_true * np.log(p) + (1 - y_true) * np.log(1 - p)
""",
        "You averaged the classes.": "keras.losses.binary_crossentropy(y_true, y_pred)",
        "Your logarithm has base 2.": """
p = np.clip(y_pred, 1e-7, 1 - 1e-7)
return -(y_true * np.log2(p) + (1 - y_true) * np.log2(1 - p))
""",
        "You take the logarithm of the labels": "ops.binary_crossentropy(y_pred, y_true)",
        "A label of 0 costs nothing here": """
p = np.clip(y_pred, 1e-7, 1 - 1e-7)
return -y_true * np.log(p)
""",
        "For y_true=1, y_pred=0 it gives 13.816, expected 16.118.": """
p = np.clip(y_pred, 1e-6, 1 - 1e-6)
return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
""",
    },
    "elementwise-2": {
        "You go through the probability and clip it.": (
            "ops.binary_crossentropy(y_true, 1 / (1 + np.exp(-logits)))"
        ),
        "The sigmoid rounds to exactly 0 or 1": """
p = np.exp(-np.logaddexp(0, -logits))
p = p.astype("float32")
return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
""",
        "Right on paper": "np.log1p(np.exp(logits)) - y_true * logits",
        "You treat the logits as probabilities.": """
p = np.clip(logits, 1e-7, 1 - 1e-7)
return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
""",
        "The sign is wrong": "y_true * logits - np.logaddexp(0, logits)",
        "That is the loss of the opposite labels.": (
            "np.logaddexp(0, logits) - (1 - y_true) * logits"
        ),
        "For y_true=1, logits=-40 it gives 4.2484e-18, expected 40.": (
            "np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))"
        ),
    },
    "elementwise-3": {
        "That is a prediction that is certain and right.": """
loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
certain = np.eye(classes, dtype="float32")[:1]
answer = loss(certain, certain)
""",
        "That is the true class alone.": "-np.log(1 - smoothing + smoothing / classes)",
        "Categorical crossentropy sums the classes": """
target = (1 - smoothing) * np.eye(classes)[0] + smoothing / classes
answer = np.mean(-target * np.log(target))
""",
        "You gave all of 0.2 to the three others.": """
others = smoothing / (classes - 1)
answer = -(1 - smoothing) * np.log(1 - smoothing) - 3 * others * np.log(others)
""",
        "That is the smoothing of binary crossentropy": """
p = 1 - smoothing / 2
answer = float(keras.losses.BinaryCrossentropy()(np.array([[p]]), np.array([[p]])))
""",
        "No prediction costs 0 here": "0.0",
    },
    "elementwise-4": {
        "That is the number of the report": """
losses = labels * np.log(predicted) + (1 - labels) * np.log(1 - predicted)
return -losses.mean()
""",
        "Those are the losses of the rows": (
            "keras.losses.binary_crossentropy(labels[:, None], predicted)"
        ),
        "That is the loss of the opposite labels": """
p = predicted.ravel()
return np.mean([-np.log(1 - q) if y else -np.log(q) for y, q in zip(labels, p)])
""",
        "A label of 0 costs nothing here": "np.mean(-labels[:, None] * np.log(predicted))",
        "The sign is wrong": """
p = predicted.reshape(labels.shape)
return (labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean()
""",
        "Your logarithm has base 2.": """
p = np.squeeze(predicted, axis=-1)
return np.mean(-np.log2(np.where(labels == 1, p, 1 - p)))
""",
        "That is Keras's reduction": """
p = predicted[:, 0]
return -(labels @ np.log(p) + (1 - labels) @ np.log(1 - p))
""",
    },
}
