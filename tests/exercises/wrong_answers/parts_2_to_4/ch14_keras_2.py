"""What learners get wrong in the chapter "The Keras 2.2 path, line by line"."""

THREE = """
total = np.dot(weights, losses)
old, twice, new = total / 2, total / 0.8, total / 5
{}
answer = (old, twice, new)
"""
BATCHES = """
out = np.array(weights, dtype=float)
for i in range(0, len(out), batch_size):
    w = out[i : i + batch_size]
    w {}
return out
"""

WRONG = {
    "keras-2-1": {
        "Keras 2.2.4 divides by how many": THREE.format(
            "old = np.average(losses, weights=weights)"
        ),
        "In Keras 2.2.4 zero weights leave": THREE.format("old = np.mean(losses * weights)"),
        "Mask and weights hold the same zeros": THREE.format(
            "twice = np.mean((losses * weights)[mask])"
        ),
        "Both shares are divided out": THREE.format("twice = np.mean(losses * weights * mask)"),
        "The third is Keras 3: it divides by all five": THREE.format(
            "new = sum(losses * weights) / np.count_nonzero(weights)"
        ),
        "The third is Keras 3: the loss divides": THREE.format("new = total / weights.sum()"),
        "Number 3: The sum of the values": THREE.format("new = np.mean(losses)"),
    },
    "keras-2-2": {
        "The log shows an output before its": "b_loss, loss - a_loss - b_loss",
        "The regularisers are right.": "b_loss, loss - a_loss - 4 * b_loss",
        "Take what b adds, not what the log shows": "4 * b_loss, loss - (a_loss + b_loss)",
        "Nothing divides by the sum of the loss weights": """
from_a, from_b = np.array([1, 4]) / 5 * [a_loss, b_loss]
answer = from_b, loss - from_a - from_b
""",
        "The two are swapped": "loss - a_loss - 4 * b_loss, 4 * b_loss",
        "Number 2 of 2 is too large by a factor of 2.33.": "4 * b_loss, loss - a_loss",
    },
    "keras-2-3": {
        "Keras 3 would divide by all of them.": "np.where(weights != 0, weights, 0.0)",
        "The wrong way round": "weights * np.count_nonzero(weights) / weights.size",
        "That makes a weighted mean.": "weights * len(weights) / weights.sum()",
        "A weight below 0 is not 0 either": (
            "weights * len(weights) / sum(w > 0 for w in weights)"
        ),
        "Keras 3 divides by the values as well.": "weights / np.count_nonzero(weights)",
        "For weights=": "weights / np.mean(weights == 0)",
    },
    "keras-2-4": {
        "That is the report": "weights * len(weights) / np.count_nonzero(weights)",
        "Those are the weights of Keras 3.": BATCHES.format("*= 1"),
        "The last batch has fewer rows": BATCHES.format("*= batch_size / np.count_nonzero(w)"),
        "The wrong way round": BATCHES.format("*= np.count_nonzero(w) / len(w)"),
        "Keras 3 divides by the rows of the batch": BATCHES.format("/= np.sum(w != 0)"),
        "That makes a weighted mean of each batch.": BATCHES.format("*= len(w) / np.sum(w)"),
        "For weights=": BATCHES.format("[w == 0] = 1"),
    },
}
