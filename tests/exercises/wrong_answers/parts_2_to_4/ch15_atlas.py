"""What learners get wrong in the chapter "The atlas of releases"."""

THREE = """
weighted = mask * weights * losses
by_all, by_kept = weighted.mean(), weighted.sum() / mask.sum()
by_shares = by_all / (0.75 * 0.75)
{}
answer = by_all, by_kept, by_shares
"""
BATCHES = """
factor = rows * steps / kept
data = before - penalty
return {}
"""

WRONG = {
    "atlas-1": {
        "The first two are swapped": THREE.format("by_all, by_kept = by_kept, by_all"),
        "tf.keras 2.10 takes the mask for a weight": THREE.format("by_all = weighted[mask].mean()"),
        "From tf.keras 2.11 on the mask changes": THREE.format("by_kept = weighted.sum() / 4"),
        "A weight of 0 is not a mask": THREE.format(
            "by_kept = weighted.sum() / np.count_nonzero(weights * mask)"
        ),
        "Keras 2.2.4 doesn't look where": THREE.format(
            "by_shares = weighted[(weights != 0) & mask].mean()"
        ),
        "Keras 2.2.4 divides by the share of the mask and": THREE.format(
            "by_shares = np.mean(weighted) / np.mean(mask)"
        ),
        "Number 2: The sum of weight · value": THREE.format("by_kept = np.mean(weights * losses)"),
    },
    "atlas-2": {
        "That divides by all values": "np.where(mask, weights, 0)",
        "The wrong way round": "weights * mask * mask.sum() / mask.size",
        "Keras divides by all values once more.": (
            "np.where(mask, weights, 0) / np.count_nonzero(mask)"
        ),
        "That is a weighted mean.": """
kept = np.where(mask, weights, 0)
return kept / kept.mean()
""",
        "The masked values are still in the sum": "weights / np.mean(mask)",
        "For weights=": "weights * mask / mask.mean(axis=1, keepdims=True)",
    },
    "atlas-3": {
        "The other way round": "(4 * 3 * after - 10 * before) / 2",
        "3.4 isn't the mean of the two full batches": "3 * before - after - after",
        "4.0 isn't the mean of the two full batches": "(10 * after - 4 * (4 + 4)) / 2",
        "That is what the two full batches add up to.": "5 * after - 3 * before",
        "Your number is too large by a factor of 2.": "4 * 3 * before - 10 * after",
    },
    "atlas-4": {
        "That is the report": """
old = np.sum(before * rows) / np.sum(rows)
return old * sum(rows) * steps / sum(kept)
""",
        "The penalty is right.": BATCHES.format(
            "np.average(data, weights=rows) / (kept.sum() / (rows.sum() * steps)) + penalty"
        ),
        "You multiplied the penalty, too.": BATCHES.format(
            "np.average(before * factor, weights=rows)"
        ),
        "That is the loss of the data.": BATCHES.format("np.average(data * factor, weights=rows)"),
        "The batches are right. The epoch counts": BATCHES.format(
            "np.mean(data * factor) + penalty"
        ),
        "The wrong way round": BATCHES.format("(data / factor) @ rows / sum(rows) + penalty"),
        "The rows are missing": BATCHES.format(
            "np.average(data * steps / kept, weights=rows) + penalty"
        ),
        "That is the old loss.": "lb.epoch_loss(before, rows)",
        "For before=": BATCHES.format("(data * factor + penalty)[-1]"),
    },
}
