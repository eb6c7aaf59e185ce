"""What learners get wrong in the chapter "Your own model: explain, audit, identify"."""

HAND = """
losses = np.abs(2 * x - y)[..., 0]
real = x[..., 0] != 0
w = weights[:, None]
answer = {}
"""

WRONG = {
    "your-model-1": {
        "Those are shares of the loss.": "[part / sum(parts) for part in parts]",
        "A coefficient is 1/100": "parts / pixels",
        "The wrong way round": "parts * (pixels / 100)",
        "That would be right if every class": "parts / (1 / 3)",
        "Those are the parts themselves": "0.42, 0.12, 0.09",
        "Every number is too large by a factor of 3.": "3 * parts / (pixels / 100)",
    },
    "your-model-2": {
        "With that the penalty is as large": "factor * data / penalty",
        "A tenth of the factor": "factor / 10",
        "The loss of the data is 0.5": "factor * (data + penalty) / 10 / penalty",
        "The penalty is the 1.25.": "factor * penalty / data / 10",
        "Your number is too large by a factor of 25.": "0.1 * data",
    },
    "your-model-3": {
        "That divides by all positions": "(values * weights * mask).sum(axis=1) / values.size",
        "Those are the samples alone.": """
rows = zip(values, weights, mask)
return [np.sum(v[m] * w) / np.sum(m) for v, w, m in rows]
""",
        "Keras divides by the number of kept positions": """
w = np.broadcast_to(weights, values.shape)
return np.sum(values * w * mask, axis=1) / w[mask].sum()
""",
        "The weights are missing.": "np.where(mask, values, 0).sum(axis=1) / mask.sum()",
        "Padding is still in the sums.": "weights[:, 0] * values.sum(axis=1) / mask.sum()",
        "Number 1: The sum of mask · weight · value, divided by the number of rows": (
            "np.sum(values * weights * mask, axis=1) / len(values)"
        ),
    },
    "your-model-4": {
        "That is what was printed": "printed",
        "The mask is mended.": """
outputs = keras.layers.Rescaling(2.0)(keras.layers.Masking()(inputs))
model = keras.Model(inputs, outputs)
model.compile(loss="mae", run_eagerly=True)
on_steps = np.broadcast_to(weights, (4, 4))
answer = model.evaluate(x, y, sample_weight=on_steps, verbose=0)
""",
        "The weights are mended.": """
by_sequence = np.repeat(weights[:, None], 4, axis=1)
answer = model.evaluate(x, y, sample_weight=by_sequence, verbose=0)
""",
        "Padding has left the sum": HAND.format("np.mean(losses * w * real)"),
        "You divide by the sum of the weights": HAND.format("np.average(losses, weights=w * real)"),
        "The weights are missing": HAND.format("losses[real].mean()"),
        "The sum of mask · weight · value, divided by the number of rows": HAND.format(
            "np.sum(losses * w * real) / len(x)"
        ),
        "The sum of mask · weight² · value": HAND.format("np.sum((losses * w**2)[real]) / 10"),
    },
}
