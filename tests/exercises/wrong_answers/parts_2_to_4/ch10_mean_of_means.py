"""What learners get wrong in the chapter "The mean of means"."""

LOOP = """
rows = [slice(i, i + batch_size) for i in range(0, len(y_true), batch_size)]
true = np.array([y_true[r].sum() for r in rows])
overlap = np.array([(y_true * y_pred)[r].sum() for r in rows])
areas = true + [y_pred[r].sum() for r in rows]
sizes = [len(y_true[r]) for r in rows]
losses = 1 - 2 * overlap / areas
return {}
"""

WRONG = {
    "mean-of-means-1": {
        "The two are swapped": "(0.6 * 30 + 1.8 * 10) / 40, (0.6 + 1.8) / 2",
        "The second is right.": "[means @ kept / kept.sum()] * 2",
        "The first is right.": "(means.sum() / 2, means.sum() / 2)",
        "The first is a sum.": "(means.sum(), (means * kept).sum() / 40)",
        "The second counts by the steps of the other": (
            "means.mean(), np.average(means, weights=kept[::-1])"
        ),
        "Number 2 of 2 is too large by a factor of 20.": "means.mean(), (means * kept).sum() / 2",
    },
    "mean-of-means-2": {
        "Those are the shares.": "[n / sum(kept) for n in kept]",
        "Upside down": "kept.sum() / (len(kept) * kept)",
        "Those turn means into sums of tokens.": "list(kept)",
        "In proportion, but too small": "kept / sorted(kept)[-1]",
        "That is what Keras does by itself": "np.full(kept.shape, 1.0)",
        "In proportion, but too large": "kept / sorted(kept)[0]",
        "For kept=36 it gives 4, expected 2.25": "kept / np.median(kept)",
    },
    "mean-of-means-3": {
        "The two are swapped": "np.dot(losses, areas) / 1000, losses.sum() / 3",
        "The first is right.": "(np.sum(losses) / 3,) * 2",
        "The second is right.": "[np.sum(losses * areas) / np.sum(areas)] * 2",
        "Those are the coefficients": """
dice = 1 - losses
answer = dice.mean(), (dice * areas).sum() / areas.sum()
""",
        "The second counts an image by the area of another": (
            "losses.mean(), np.average(losses, weights=np.sort(areas))"
        ),
        "Number 2 of 2 is too large": "losses.mean(), np.average(losses, weights=np.sqrt(areas))",
    },
    "mean-of-means-4": {
        "That is the loop of the report": "answer = validate",
        "You count batches by their rows": LOOP.format("np.average(losses, weights=sizes)"),
        "You count a batch by its true area.": LOOP.format("(losses * true).sum() / true.sum()"),
        "That is Dice per image.": """
overlap = (y_true * y_pred).sum(axis=1)
return np.mean(1 - 2 * overlap / (y_true + y_pred).sum(axis=1))
""",
        "That is the coefficient": LOOP.format("2 * overlap.sum() / areas.sum()"),
        "That is intersection over union.": LOOP.format(
            "1 - overlap.sum() / (areas.sum() - overlap.sum())"
        ),
        "The 2 is missing": LOOP.format("1 - overlap.sum() / areas.sum()"),
        "The short last batch is left out.": """
overlap = areas = 0
for batch in range(len(y_true) // batch_size):
    rows = slice(batch * batch_size, (batch + 1) * batch_size)
    overlap += 2 * np.sum(y_true[rows] * y_pred[rows])
    areas += np.sum(y_true[rows] + y_pred[rows])
return 1 - overlap / areas
""",
        "Your function returns an array of shape (2,)": LOOP.format("losses"),
        "For y_true=": LOOP.format("losses[-1]"),
    },
}
