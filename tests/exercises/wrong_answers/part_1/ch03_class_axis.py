"""What learners get wrong in the chapter "The class axis"."""

WRONG = {
    "class-axis-1": {
        "One value per sample?": "shape[:1]",
        "That is the elementwise loss.": (
            "ops.binary_crossentropy(ops.zeros(shape), ops.ones(shape)).shape"
        ),
        "The first axis is the batch.": "np.mean(np.zeros(shape), axis=0).shape",
        "The scalar comes later": (
            "keras.losses.BinaryCrossentropy()(ops.zeros(shape), ops.ones(shape)).shape"
        ),
        "Right numbers, but Keras keeps no axis of length 1": (
            "np.mean(np.zeros(shape), axis=-1, keepdims=True).shape"
        ),
        "Expected 3 numbers, got 2 numbers.": "(8, 32)",
    },
    "class-axis-2": {
        "You average the classes.": """
p = ops.clip(y_pred / ops.sum(y_pred, axis=-1, keepdims=True), 1e-7, 1 - 1e-7)
return -ops.mean(y_true * ops.log(p), axis=-1)
""",
        "Keras first divides y_pred by its sum": """
p = np.clip(y_pred, 1e-7, 1 - 1e-7)
return -np.einsum("bc,bc->b", y_true, np.log(p))
""",
        "That is the elementwise loss.": (
            "lb.elementwise.categorical_crossentropy(y_true, y_pred)"
        ),
        "You summed everything.": """
p = np.clip(y_pred / y_pred.sum(axis=-1, keepdims=True), 1e-7, 1 - 1e-7)
return -np.vdot(y_true, np.log(p))
""",
        "You sum over the batch.": """
p = np.clip(y_pred / y_pred.sum(axis=-1, keepdims=True), 1e-7, 1 - 1e-7)
return sum(-y_true * np.log(p))
""",
        "You apply a softmax.": (
            "keras.losses.categorical_crossentropy(y_true, y_pred, from_logits=True)"
        ),
        "Nothing is clipped": """
p = y_pred / y_pred.sum(axis=-1, keepdims=True)
return -(y_true * np.log(p)).sum(axis=-1)
""",
        "That is a binary crossentropy, summed.": """
p = (y_pred.T / y_pred.sum(axis=-1)).T
return 3 * keras.losses.binary_crossentropy(y_true, p)
""",
        "Every number that it gives is too large by a factor of 1.44.": """
p = np.clip(y_pred / y_pred.sum(axis=-1, keepdims=True), 1e-7, 1 - 1e-7)
return -np.sum(y_true * np.log2(p), axis=-1)
""",
    },
    "class-axis-3": {
        "The second is a sum": "(-np.log(0.2), -np.log(0.2) - 4 * np.log(0.8))",
        "The first is a mean": """
y, p = np.eye(1, classes), np.full((1, classes), 1 / classes)
answer = (np.mean(-y * np.log(p)), float(keras.losses.binary_crossentropy(y, p)[0]))
""",
        "The two are swapped": "(np.log(5) / 5 + 4 / 5 * np.log(5 / 4), np.log(5))",
        "Mean and sum are swapped": """
true, other = -np.log(1 / classes), -np.log(1 - 1 / classes)
answer = (true / classes, true + (classes - 1) * other)
""",
        "The second lacks the four classes that are not there.": (
            "(np.log(classes), np.log(classes) / classes)"
        ),
        "The second is -log(p), the loss of the true class.": "[-np.log(1 / classes)] * 2",
        "Every number is too large by a factor of 1.44.": """
p = 1 / classes
answer = (-np.log2(p), (-np.log2(p) - (classes - 1) * np.log2(1 - p)) / classes)
""",
    },
    "class-axis-4": {
        "That is the report": """
loss = keras.losses.BinaryCrossentropy(reduction=None)
return ops.mean(loss(y_true, y_pred), axis=(0, 1))
""",
        "Those are the elementwise losses": """
loss = keras.losses.BinaryCrossentropy(reduction=None)
return loss(y_true[..., None], y_pred[..., None])
""",
        "You add the pixels up.": """
losses = -np.log(np.where(y_true == 1, y_pred, 1 - y_pred))
return losses.reshape(-1, losses.shape[-1]).sum(axis=0)
""",
        "Those are contributions": (
            'lb.trace("binary_crossentropy", y_true, y_pred).contributions.sum(axis=(0, 1, 2))'
        ),
        "Only the label 1 is charged.": (
            "-ops.sum(y_true * ops.log(y_pred), axis=(0, 1, 2)) / y_true[..., 0].size"
        ),
        "You look at the pixels that have the class.": """
classes = range(y_true.shape[-1])
return [-np.log(y_pred[..., c][y_true[..., c] == 1]).mean() for c in classes]
""",
        "That is the loss of all classes together.": (
            "float(keras.losses.BinaryCrossentropy()(y_true, y_pred))"
        ),
        "Your function returns an array of shape (3, 5), expected an array of shape (5,).": (
            "ops.mean(ops.binary_crossentropy(y_true, y_pred), axis=(0, 1))"
        ),
    },
}
