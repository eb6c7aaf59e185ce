"""What learners get wrong in the chapter "Weights"."""

WRONG = {
    "weights-1": {
        "The loss does not divide by the sum of the weights.": """
mean = np.average(losses, weights=weight)
answer = (mean, mean, (weight * losses)[mask].mean())
""",
        "Weights of 0 stay in the denominator of the loss.": """
total = weight @ losses
answer = (total / np.count_nonzero(weight), total / np.sum(weight), total / np.sum(mask))
""",
        "The first two are swapped": """
total = sum(w * loss for w, loss in zip(weight, losses))
answer = (total / 6, total / 4, total / 2)
""",
        "The metric divides by the sum of the weights": """
weighted = losses * weight
answer = (weighted.mean(), weighted.mean(), weighted[mask].mean())
""",
        "The mask divides by the number of values that it keeps": """
answer = (
    np.mean(weight * losses),
    np.average(losses, weights=weight),
    np.average(losses[mask], weights=weight[mask]),
)
""",
        "Under a mask the loss divides by the values that are kept": """
total = np.sum(weight * losses)
answer = (total / 4, total / weight.sum(), np.mean(weight * losses * mask))
""",
        "Number 3: The sum of mask · value, divided by the number of values that the": """
total = np.sum(weight * losses)
answer = (total / 4, total / weight.sum(), losses[mask].mean())
""",
        "Number 1: The sum of the values, divided by the number of values, 4. The weights are": """
total = np.sum(weight * losses)
answer = (losses.mean(), total / weight.sum(), total / 2)
""",
    },
    "weights-2": {
        "Keras matches shapes from the last axis": "shape[:1]",
        "That meets the rows.": "np.zeros(16)[:, None].shape",
        "y_pred has four axes": "tuple(16 if axis == 0 else 1 for axis in range(len(shape)))",
        "The weights of the images belong to the first axis": "(1,) * 2 + (16,)",
        "That is one weight per pixel.": (
            "keras.losses.binary_crossentropy(ops.zeros(shape), ops.zeros(shape)).shape"
        ),
        "Number 3 of 3 is too large by a factor of 64.": "(16, 1, 64)",
    },
    "weights-3": {
        "The look-up is right.": "np.take(class_weights, labels)",
        "You gave the class weights the mean 1.": """
class_weights = class_weights * len(class_weights) / class_weights.sum()
return class_weights[labels]
""",
        "Your weights add up to 1.": """
weights = ops.take(class_weights, labels)
return weights / ops.sum(weights)
""",
        "You normalise along the last axis.": """
weights = class_weights[labels]
return weights * weights.shape[-1] / weights.sum(axis=-1, keepdims=True)
""",
        "You normalise each sample by itself.": (
            "np.stack([w / w.mean() for w in class_weights[labels]])"
        ),
        "Those are the weights of the classes.": "class_weights / (sum(class_weights) / 3)",
        "For labels=0, class_weights=[1, 2, 5] it gives 1, expected 0.54545": """
weights = class_weights[labels]
return weights / np.median(weights)
""",
    },
    "weights-4": {
        "That is what class_weight makes of it": """
weight = class_weights[np.argmax(labels, axis=1)]
return keras.losses.MeanAbsoluteError()(0 * values[..., None], values[..., None], weight)
""",
        "You weigh whole sequences": """
weight = class_weights[labels.argmax(-1)]
return np.mean(weight * values.mean(axis=1))
""",
        "You divide by the sum of the weights": (
            "np.average(values, weights=class_weights[labels])"
        ),
        "Nothing is weighted.": "ops.mean(values)",
        "You multiply by the labels themselves.": "np.mean(labels * values)",
        "Those are the weighted values": (
            "lb.aggregate(values, class_weights[labels], reduction=None).total"
        ),
        "That is what PyTorch gives with reduction 'batchmean'. The sum of": """
sums = [np.dot(class_weights[c], v) for c, v in zip(labels, values)]
return np.mean(sums)
""",
    },
    "weights-5": {
        "Nothing is weighted": "{}",
        "The map is right, but its mean is not 1": '{"sample_weight": class_weights[labels]}',
        "You divide each image's map by its own mean.": """
maps = class_weights[labels]
answer = {"sample_weight": np.stack([one / one.mean() for one in maps])}
""",
        "You divide by the mean of the three class weights.": (
            '{"sample_weight": (class_weights / class_weights.mean())[labels]}'
        ),
        "That is one weight for each image.": """
maps = class_weights[labels]
answer = {"sample_weight": maps.mean(axis=(1, 2))[:, None, None]}
""",
        "You look the weights up by the predicted class.": (
            '{"sample_weight": class_weights[p.argmax(axis=-1)]}'
        ),
        "Only the rare class counts now.": '{"sample_weight": 10.0 * (labels == 2)}',
        "You multiply by the labels themselves.": '{"sample_weight": labels / labels.mean()}',
        "You divide by the sum of the weights, and Keras divides": """
maps = class_weights[labels]
answer = {"sample_weight": maps / maps.sum()}
""",
        "With that Keras raises": '{"class_weight": {2: 10}}',
    },
}
