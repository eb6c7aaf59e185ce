"""What learners get wrong in the chapter "Rosetta"."""

SAMPLES = """
w = np.take(class_weights, labels_of)
pytorch, in_keras = np.average(losses, weights=w), np.mean(losses * w)
ignoring = np.average(losses[:-1], weights=w[:-1])
{}
answer = pytorch, in_keras, ignoring
"""
TOKENS = """
kept = labels >= 0
w = kept * np.take(class_weight, np.maximum(labels, 0))
means = (w * losses).sum(axis=1) / w.sum(axis=1)
return {}
"""

WRONG = {
    "rosetta-1": {
        "The first two are swapped": SAMPLES.format("pytorch, in_keras = in_keras, pytorch"),
        "An ignored sample leaves the denominator": SAMPLES.format(
            "ignoring = w[:-1] @ losses[:-1] / w.sum()"
        ),
        "The third divides by the four samples": SAMPLES.format(
            "ignoring = np.mean(w[:4] * losses[:4])"
        ),
        "You divide by 5 both times.": SAMPLES.format("pytorch = in_keras"),
        "PyTorch adds the weights of the samples": SAMPLES.format(
            "pytorch = w @ losses / class_weights.sum()"
        ),
        "Number 2: The sum of the values": SAMPLES.format("in_keras = losses.mean()"),
        "Number 3 of 3 is too": SAMPLES.format("ignoring = losses[:-1].mean()"),
    },
    "rosetta-2": {
        "Those give Keras's own number.": "np.take(class_weight, labels)",
        "You gave the class weights the mean 1.": (
            "(class_weight * len(class_weight) / sum(class_weight))[labels]"
        ),
        "Your weights add up to 1": """
w = class_weight[labels]
return w / w.sum()
""",
        "Divide by the mean of the weights": """
w = class_weight[labels]
return w * w.sum() / w.size
""",
        "For labels=1, class_weight=[0.5, 4, 3]": """
w = class_weight[labels]
return w / w.mean(axis=-1, keepdims=True)
""",
        "For labels=0, class_weight=[1, 2, 5] it gives 0.125": (
            "class_weight[labels] / np.sum(class_weight)"
        ),
    },
    "rosetta-3": {
        "The two are swapped": "(6 * 2 + 2 * 5) / (6 + 2), (2 + 5) / 2",
        "The second is the sum over all tokens.": "3.5, 6 * 2 + 2 * 5",
        "The plain loop divides each loss": "2 + 5, 22 / 8",
        "With num_items_in_batch a micro-batch counts": "[(2 + 5) / 2] * 2",
        "Divide the sum over all tokens": "3.5, (6 * 2 + 2 * 5) / 2",
        "Number 2 of 2 is too large": "3.5, (2 * 2 + 6 * 5) / 8",
    },
    "rosetta-4": {
        "NaN is in the mean still": "np.mean(validate(losses, labels, class_weight))",
        "That is nanmean": """
means = np.array(validate(losses, labels, class_weight))
return means[~np.isnan(means)].mean()
""",
        "Your empty batch is a 0 and counts": TOKENS.format(
            "np.where(kept.any(axis=1), means, 0).sum() / len(means)"
        ),
        "You count each batch by its kept tokens.": TOKENS.format(
            "np.nansum(means * kept.sum(axis=1)) / kept.sum()"
        ),
        "You divide by the number of kept tokens": TOKENS.format("(w * losses)[kept].mean()"),
        "The class weights are missing": TOKENS.format("losses[kept].mean()"),
        "Ignored tokens are in the denominator": """
w = class_weight[np.maximum(labels, 0)]
return np.average(losses, weights=w)
""",
        "Your function raised IndexError": """
w = class_weight[labels] * (labels != -100)
return np.sum(w * losses) / np.sum(w)
""",
        "You divide by the number of batches.": TOKENS.format("np.sum(w * losses) / len(losses)"),
        "For losses=": TOKENS.format("np.nanmax(means)"),
    },
}
