"""What learners get wrong in the chapter "Additional losses"."""

WRONG = {
    "additional-losses-1": {
        "You halve the L2 penalty.": (
            "loss_weight * mse + 0.1 / 2 * np.linalg.norm(kernel) ** 2 + 0.05 * np.abs(bias).sum()"
        ),
        "You multiply the penalties by the loss weight.": """
penalties = 0.1 * np.sum(kernel**2) + 0.05 * np.sum(np.abs(bias))
answer = loss_weight * (mse + penalties)
""",
        "The data term lacks its loss weight.": """
l2, l1 = keras.regularizers.L2(0.1), keras.regularizers.L1(0.05)
answer = mse + float(l2(ops.convert_to_tensor(kernel))) + float(l1(ops.convert_to_tensor(bias)))
""",
        "You count the penalties of both batches.": """
answer = loss_weight * mse
for batch in (4, 2):
    answer += 0.1 * (kernel**2).sum() + 0.05 * abs(bias).sum()
""",
        "You divide the penalties by the 6 rows.": (
            "loss_weight * mse + (0.1 * np.sum(kernel**2) + 0.05 * 3) / 6"
        ),
        "That is the data term alone.": "loss_weight * mse",
        "The bias has a penalty too.": "loss_weight * mse + 0.1 * np.vdot(kernel, kernel)",
        "You square the bias.": (
            "loss_weight * mse + 0.1 * np.sum(kernel**2) + 0.05 * np.sum(bias**2)"
        ),
        "You add the absolute values of the kernel.": (
            "loss_weight * mse + 0.1 * np.abs(kernel).sum() + 0.05 * np.abs(bias).sum()"
        ),
        "1 and -2 add up to -1": (
            "loss_weight * mse + 0.1 * np.square(kernel).sum() + 0.05 * bias.sum()"
        ),
        "Your number is too small by a factor of 2.17.": (
            "loss_weight * mse + 0.1 * np.mean(kernel**2) + 0.05 * np.sum(np.abs(bias))"
        ),
    },
    "additional-losses-2": {
        "That is the data term alone.": (
            "keras.losses.MeanAbsoluteError()(0 * values[:, None], values[:, None], sample_weight)"
        ),
        "You weigh the penalty too.": """
penalty = strength * np.square(kernel).sum()
return sum(w * (v + penalty) for w, v in zip(sample_weight, values)) / len(values)
""",
        "The penalty is right. The default reduction divides by the number": (
            "np.average(values, weights=sample_weight) + strength * np.vdot(kernel, kernel)"
        ),
        "You halve the penalty.": (
            "ops.mean(sample_weight * values) + strength / 2 * ops.sum(ops.square(kernel))"
        ),
        "You average the squares of the kernel.": (
            "values @ sample_weight / 3 + strength * np.mean(np.square(kernel))"
        ),
        "You divide the penalty by the batch size.": """
rows = values.shape[0]
return (values @ sample_weight) / rows + strength * np.sum(kernel * kernel) / rows
""",
        "The sum of the values, divided by the number of values, 3. The weights are ignored.": (
            "values.mean() + strength * np.sum(kernel**2)"
        ),
    },
    "additional-losses-3": {
        "That is the mean over the rows.": "np.mean(penalties)",
        "That is the sum over all rows.": "sum(penalties)",
        "You count every batch alike.": """
batches = -(-len(penalties) // batch_size)
return penalties.sum() / batches
""",
        "Right for full batches only.": "batch_size * sum(penalties) / len(penalties)",
        "That is the first batch alone.": "ops.sum(penalties[0:batch_size])",
        "For penalties=[1, 2, 4, 8, 3], batch_size=2 it gives 15, expected 6.6.": """
for start in range(0, len(penalties) - batch_size + 1, batch_size):
    total = sum(penalties[: start + batch_size])
return total
""",
    },
    "additional-losses-4": {
        "That is the number of the report": (
            "loss - sum(strength * np.sum(kernel**2) for kernel in kernels)"
        ),
        "It is the other way round": """
for kernel, learns in zip(kernels, trainable):
    if not learns:
        loss -= strength * np.sum(np.square(kernel))
return loss
""",
        "That is the loss as it was.": "loss",
        "You halve the penalty.": """
norms = [np.linalg.norm(k) ** 2 for k, learns in zip(kernels, trainable) if learns]
return loss - 0.5 * strength * sum(norms)
""",
        "You average the squares of a kernel.": """
means = [float(np.mean(k**2)) for k in kernels]
return loss - strength * np.dot(means, trainable)
""",
        "Those are absolute values": """
regularizer = keras.regularizers.L1(strength)
kept = [k for k, learns in zip(kernels, trainable) if learns]
return loss - sum(float(regularizer(ops.convert_to_tensor(k))) for k in kept)
""",
        "That is the penalty itself.": (
            "strength * sum((k * k).sum() for k, learns in zip(kernels, trainable) if learns)"
        ),
        "For loss=2, kernels=": (
            "loss - sum(np.sum(k**2) for k, learns in zip(kernels, trainable) if learns)"
        ),
    },
}
