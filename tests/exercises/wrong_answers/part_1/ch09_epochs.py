"""What learners get wrong in the chapter "Batches and epochs"."""

WRONG = {
    "epochs-1": {
        "That is the plain mean.": "batch_losses.sum() / 3",
        "That is the sum over all rows.": "32 * 0.5 + 32 * 0.7 + 8 * 2.0",
        "The last batch is not full": "(32 * 0.5 + 32 * 0.7 + 8 * 2.0) / (3 * 32)",
        "You averaged the running means.": """
so_far = np.cumsum(batch_losses * [32, 32, 8]) / [32, 64, 72]
answer = so_far.sum() / len(so_far)
""",
        "That is the last batch alone.": "batch_losses.item(2)",
        "That is Keras's reduction": """
rows = np.array([32, 32, 8])
answer = np.average(batch_losses * rows, weights=rows)
""",
    },
    "epochs-2": {
        "You count every batch the same.": """
losses = [running[0]]
for k in range(1, len(running)):
    losses.append((k + 1) * running[k] - k * running[k - 1])
return losses
""",
        "Those are the sums of the batches.": """
sums = np.cumsum(batch_sizes) * running
sums[1:] = sums[1:] - sums[:-1]
return sums
""",
        "The differences of means say little.": (
            "np.concatenate([running[:1], running[1:] - running[:-1]])"
        ),
        "Those are still the running means.": """
rows = np.cumsum(batch_sizes)
return running * rows / rows
""",
        "A running mean holds all rows so far": """
sums = running * batch_sizes
return (sums - np.r_[0, sums[:-1]]) / batch_sizes
""",
        "You divide every batch by the rows of the first.": """
batch_size = batch_sizes[0]
return np.diff(np.cumsum(batch_sizes) * running, prepend=0) / batch_size
""",
        "Your function returns an array of shape (2,)": (
            "np.diff(np.cumsum(batch_sizes) * running) / batch_sizes[1:]"
        ),
        "For running=": """
sums = np.cumsum(batch_sizes) * running
return np.diff(sums, prepend=0) / np.cumsum(batch_sizes)
""",
    },
    "epochs-3": {
        "The two are swapped": """
answer = (
    (batch_losses * kept_steps).sum() / 48,
    (batch_losses * batch_sizes).sum() / 10,
)
""",
        "The first is right. In one batch": "(batch_losses @ batch_sizes / 10,) * 2",
        "The second is right.": "[batch_losses @ kept_steps / kept_steps.sum()] * 2",
        "The first is the plain mean.": (
            "batch_losses.mean(), np.average(batch_losses, weights=kept_steps)"
        ),
        "The second is the plain mean.": (
            "np.average(batch_losses, weights=batch_sizes), batch_losses.mean()"
        ),
        "Rows times steps?": """
steps = batch_sizes * kept_steps
answer = (
    np.average(batch_losses, weights=batch_sizes),
    np.average(batch_losses, weights=steps),
)
""",
        "Number 2: ": """
all_steps = 10 * 9  # padding, too
answer = (
    np.average(batch_losses, weights=batch_sizes),
    batch_losses @ kept_steps / all_steps,
)
""",
    },
    "epochs-4": {
        "That is the log of the report": "[np.mean(epoch) for epoch in returned]",
        "The first epoch is right.": "[epoch[-1] for epoch in returned]",
        "You count running means by rows.": "returned @ batch_sizes / batch_sizes.sum()",
        "The batch losses are right.": """
losses, before, seen = [], 0.0, 0
for epoch in returned:
    for number, rows in zip(epoch, batch_sizes):
        seen += rows
        losses.append((number * seen - before) / rows)
        before = number * seen
return np.reshape(losses, returned.shape).mean(axis=1)
""",
        "The differences of means say little.": """
ends = [0.0, *returned[:, -1]]
return [after - before for before, after in zip(ends, ends[1:])]
""",
        "Those are the sums over the rows of an epoch.": """
rows = sum(batch_sizes)
ends = returned[:, -1] * rows * np.arange(1, len(returned) + 1)
ends[1:] -= ends[:-1].copy()
return ends
""",
        "You count every batch the same on the way back.": """
count = np.arange(1, returned.size + 1)
losses = np.diff(count * returned.ravel(), prepend=0)
return losses.reshape(returned.shape) @ batch_sizes / batch_sizes.sum()
""",
        "For returned=": """
rows = np.cumsum(batch_sizes)
losses = np.diff(rows * returned, prepend=0, axis=1) / batch_sizes
return 0.5 * (losses @ batch_sizes / rows[-1] + returned[:, 0])
""",
    },
    "epochs-5": {
        "That is the report": '{"validation_data": (p, y)}',
        "With weights of mean 1 val_loss is the weighted mean.": """
weights = np.where(y == 1, 4.0, 1.0)
answer = {"validation_data": (p, y, weights / weights.mean())}
""",
        "The weights are those of the other class.": """
answer = {"validation_data": (p, y, np.where(y == 0, 4.0, 1.0))}
""",
        "You validate on class 1 alone.": '{"validation_data": (p[y == 1], y[y == 1])}',
        "The two agree, but the class weights are gone": (
            '{"class_weight": None, "validation_data": (p, y)}'
        ),
        "You multiply by the labels.": '{"validation_data": (p, y, 4.0 * y)}',
        "You divide the weights by their sum.": """
weights = 1.0 + 3 * y
answer = {"validation_data": (p, y, weights / weights.sum())}
""",
        "validation_split takes rows away": '{"validation_split": 0.4}',
        "With that Keras raises": """
answer = {"sample_weight": 1.0 + 3 * y, "validation_data": (p, y)}
""",
    },
}
