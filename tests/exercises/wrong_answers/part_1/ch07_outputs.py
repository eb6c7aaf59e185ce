"""What learners get wrong in the chapter "Many outputs"."""

WRONG = {
    "outputs-1": {
        "That is the coefficient in the output loss.": "1 / np.zeros(mask).size",
        "Loss weights are factors": """
share = loss_weights["mask"] / sum(loss_weights.values())
answer = share / np.prod(mask)
""",
        "You average the two outputs.": "np.mean([4.0 / (8 * 64 * 64), 0.0])",
        "You divide by the batch size alone.": 'loss_weights["mask"] / mask[0]',
        "You divide by the pixels of one image.": 'loss_weights["mask"] / np.prod(mask[1:])',
        "Your number is too small by a factor of 8.": 'loss_weights["price"] / np.prod(mask)',
    },
    "outputs-2": {
        "You take away the lines as they are printed": "loss - np.sum(list(lines.values()))",
        "You divide by the sum of the loss weights.": (
            "loss - np.average(list(lines.values()), weights=list(loss_weights.values()))"
        ),
        "You average over the three outputs.": (
            "loss - np.mean([loss_weights[name] * line for name, line in lines.items()])"
        ),
        "That is the part of the outputs.": "0.4 * 1.0 + 1.2 * 0.5 + 2.0 * 0.25",
        "You divide the lines by their loss weights.": """
for name, weight in loss_weights.items():
    loss -= lines[name] / weight
answer = loss
""",
        "Your number is too large by a factor of 1.31.": "loss - 0.4 - 1.2 * 0.5",
    },
    "outputs-3": {
        "Those are the shares.": "shares / shares.sum()",
        "With those every output contributes 1.": "[1 / line for line in lines]",
        "Upside down": "ops.multiply(lines, shares)",
        "The balance is right, but the total is not 1: weights needn't": """
weights = shares / lines
return weights / np.linalg.norm(weights, 1)
""",
        "The balance is right, but the total stays what the lines add up to.": (
            "shares / (lines / lines.sum())"
        ),
        "Every number that it gives is too large by a factor of 3.": (
            "shares / lines * len(lines)"
        ),
    },
    "outputs-4": {
        "That is the report": (
            "np.mean(weight * (loss_weights[0] * price + loss_weights[1] * kind))"
        ),
        "You weigh the price.": """
a, b = loss_weights
return a * (weight @ price) / len(price) + b * sum(kind) / len(kind)
""",
        "Nothing is weighted any more.": (
            "ops.sum(loss_weights * ops.stack([ops.mean(price), ops.mean(kind)]))"
        ),
        "You divide the kind by the sum of its weights.": """
lines = price.mean(), np.average(kind, weights=weight)
return loss_weights[0] * lines[0] + loss_weights[1] * lines[1]
""",
        "The loss weights are missing": "np.mean(price + weight * kind)",
        "You divide by the sum of the loss weights.": (
            "np.average([price.mean(), (weight * kind).mean()], weights=loss_weights)"
        ),
        "You average the two outputs.": (
            "np.mean(loss_weights * [price.mean(), (weight * kind).mean()])"
        ),
        "The loss weights are swapped": (
            "loss_weights[1] * price.mean() + loss_weights[0] * (weight * kind).mean()"
        ),
        "For price=[1, 0, 4, 9], kind=": (
            "np.sum(loss_weights[0] * price + loss_weights[1] * weight * kind)"
        ),
    },
    "outputs-5": {
        "A list of losses meets outputs in a dict": """
loss = ["mean_squared_error", "categorical_crossentropy"]
answer = {"loss": loss, "loss_weights": {"price": 10.0, "kind": 1.0}}
""",
        "The factors are swapped": """
loss = {"price": "mean_squared_error", "kind": "categorical_crossentropy"}
answer = {"loss": loss, "loss_weights": [10.0, 1.0]}
""",
        "The losses are right, but the price counts once.": (
            '{"loss": {"price": "mse", "kind": "categorical_crossentropy"}}'
        ),
        "You divide by the sum of the loss weights.": """
loss = {"price": "mean_squared_error", "kind": "categorical_crossentropy"}
answer = {"loss": loss, "loss_weights": {"price": 10 / 11, "kind": 1 / 11}}
""",
        "One string is the loss of both outputs.": ('{"loss": "mse", "loss_weights": 10.0}'),
        "The kind has no loss any more.": '{"loss": {"price": "mse"}}',
        "The price has no loss any more.": """
answer = {"loss": {"price": None, "kind": keras.losses.CategoricalCrossentropy()}}
""",
        "That is the absolute error of the price.": """
loss = {"price": "mae", "kind": "categorical_crossentropy"}
answer = {"loss": loss, "loss_weights": {"price": 10.0, "kind": 1.0}}
""",
        "Both outputs count ten times.": """
loss = {"price": "mse", "kind": "categorical_crossentropy"}
answer = {"loss": loss, "loss_weights": {"price": 10.0, "kind": 10.0}}
""",
        "The balance is right": """
loss = {"price": "mse", "kind": "categorical_crossentropy"}
answer = {"loss": loss, "loss_weights": {"price": 1.0, "kind": 0.1}}
""",
        "With that Keras raises": '{"loss": {"price": "mse", "sort": "mae"}}',
    },
}
