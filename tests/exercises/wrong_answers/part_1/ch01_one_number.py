"""What learners get wrong in the chapter "One number"."""

WRONG = {
    "one-number-1": {
        "Those are the pixels.": """
pixels = np.zeros((4, 256, 256))
answer = (pixels.size, 1 / pixels.size)
""",
        "Those are the elements of one image.": """
elements = 256 * 256 * 5
answer = (elements, 1 / elements)
""",
        "The count is right. The coefficient is that of a batch of one": (
            "(np.prod((4, 256, 256, 5)), 1 / (5 * 256**2))"
        ),
        "The count is right. sum_over_batch_size divides by all values": (
            "(4 * 256 * 256 * 5, 1 / 4)"
        ),
        "The count is right. The coefficient is that of a pixel": """
coefficient = 1 / 4
for length in (256, 256):
    coefficient /= length
answer = (1310720, coefficient)
""",
        "Those are the images.": "(4, 1 / 4)",
        "The two are swapped": """
n = ops.size(ops.zeros((4, 256, 256, 5)))
answer = [1 / int(n), int(n)]
""",
        "Number 1 of 2 is too small by a factor of 256.": """
n = 4 * 256 * 5
answer = (n, 1 / n)
""",
    },
    "one-number-2": {
        "That is the sum over the classes; Keras averages the 5 classes": (
            "4 * usual + (1 - pixels_hit) * usual + pixels_hit * bad"
        ),
        "That is right if every class is like class 4.": (
            "(1 - pixels_hit) * usual + pixels_hit * bad"
        ),
        "Close. In those pixels the 1.0 replaces the 0.05": "usual + bad * pixels_hit / classes",
        "Close. You take the usual loss away in all five classes": (
            "(1 - pixels_hit) * usual + pixels_hit * bad / classes"
        ),
        "That is 1.0 in every pixel of the class.": "np.mean([usual] * (classes - 1) + [bad])",
        "That is what the bad elements add.": "bad * pixels_hit / classes",
        # what the five classes of a pixel cost, added up over 100 pixels
        "That is Keras's reduction 'sum'.": """
pixels = np.full((100, classes), usual)
pixels[:5, -1] = bad
answer = pixels.mean(axis=-1).sum()
""",
    },
    "one-number-3": {
        "Those are the means of the classes.": "ops.mean(elementwise, axis=[0, 1, 2])",
        "Those are the sums of the losses.": (
            "[elementwise[..., c].sum() for c in range(elementwise.shape[-1])]"
        ),
        "You divide by the batch size.": (
            'np.einsum("bhwc->c", elementwise) / elementwise.shape[0]'
        ),
        "You divide by the elements of one image.": (
            "elementwise.sum(axis=(0, 1, 2)) / elementwise[0].size"
        ),
        "Those are shares: they add up to 1.": """
parts = elementwise.mean(axis=(0, 1, 2))
return parts / parts.sum()
""",
        "Those are the contributions of the images.": """
coefficient = 1 / elementwise.size
return (coefficient * elementwise).sum(axis=-1).sum(axis=-1).sum(axis=-1)
""",
        "Your function returns an array of shape (3, 4), expected an array of shape (4,).": (
            "elementwise.sum(axis=(0, 1)) / elementwise.size"
        ),
    },
    "one-number-4": {
        "You divide all pixels by those of class 4.": """
share = truth[..., 4].mean()
return np.where(truth[..., 4] == 1, 1 / share, 1)
""",
        "The shape is right. 1000 is a guess": "1 + 999 * truth[..., 4]",
        "Now class 4 makes a fifth of the weight.": """
rare = truth.sum(axis=(0, 1, 2))[4]
others = truth.sum() - rare
weight = others / rare * (1 / 5) / (4 / 5)
return np.where(truth[..., 4], weight, 1.0)
""",
        "Upside down": """
is_rare = np.argmax(truth, axis=-1) == 4
weights = np.ones(is_rare.shape)
weights[is_rare] = is_rare.sum() / (~is_rare).sum()
return weights
""",
        "You raise the other pixels.": """
rare = truth[..., 4].sum()
return np.where(truth[..., 4] == 0, (truth[..., 4] == 0).sum() / rare, 1.0)
""",
        "You count in each image by itself.": """
rare = truth[..., 4] == 1
count = rare.sum(axis=(1, 2), keepdims=True)
return np.where(rare, (rare[0].size - count) / count, 1.0)
""",
        "You weigh the elements of class 4, in every pixel.": """
rare = truth[..., 4].sum()
weights = np.ones_like(truth)
weights[..., 4] = (truth[..., 0].size - rare) / rare
return weights
""",
        "The weights have a class axis.": """
rare = truth[..., 4].sum()
weights = np.ones_like(truth)
weights[..., 4][truth[..., 4] == 1] = (truth[..., 0].size - rare) / rare
return weights
""",
        "Your function returns an array of shape (5,)": """
rare = truth[..., 4].mean()
return np.array([1, 1, 1, 1, (1 - rare) / rare])
""",
    },
}
