"""What learners get wrong in the chapter "Case study: the class the loss forgot"."""

COUNTED = """
pixels = np.array([np.sum(labels == c) for c in range(classes)])
return {}
"""

WRONG = {
    "case-study-1": {
        "That is one column.": "f / 20 * (1 + np.log(100))",
        "The class axis is averaged": "2 * f * (1 - np.log(f))",
        "The 1 is missing": "2 / 20 * -f * np.log(f)",
        "The logarithm is the natural one": "0.1 * f * (1 + np.log10(100))",
        "1 % is the share 0.01.": "f = 1.0\nanswer = 2 / 20 * f * (1 + np.log(1 / f))",
        "Your number is too large by a factor of 1.36.": "0.1 * f * (1 + np.log2(100))",
    },
    "case-study-2": {
        "20 makes it 16.8 %": "1 / 5 / f",
        "Nearly: the other pixels are 99 %": "1 / (4 * f)",
        "One over the share": "1 / f",
        "With that it has a fifth of what the others have.": "(1 - f) / f / 5",
        "With 99 it has half": "1 / f - 1",
        "Your number is too small by a factor of 99.": "0.2 / (1 - 0.2)",
    },
    "case-study-3": {
        "That is the mean over the pixels": "values.sum() / labels.size",
        "A class without pixels pulls your mean": """
sums = np.bincount(labels.ravel(), values.ravel(), minlength=classes)
count = np.bincount(labels.ravel(), minlength=classes)
return np.sum(sums / np.maximum(count, 1)) / classes
""",
        "You summed the classes.": "sum(values[labels == c].mean() for c in np.unique(labels))",
        "One number is asked for": """
means = np.zeros(classes)
for c in np.unique(labels):
    means[c] = np.mean(values[labels == c])
return means
""",
        "Divide by the number of classes that occur": """
weight = 1 / np.bincount(labels.ravel())[labels]
return np.mean(values * weight)
""",
        "For values=": "np.mean([values[labels == c].max() for c in np.unique(labels)])",
    },
    "case-study-4": {
        "That is as posted": "answer = balanced",
        "The mean is 1 now, but each image": """
weights = balanced(labels, classes)
return weights * weights.size / weights.sum()
""",
        "Each image has the mean 1 now.": """
weights = [balanced(image[None], classes)[0] for image in labels]
return np.stack([weight / np.mean(weight) for weight in weights])
""",
        "The shares are right, but the mean is the number of classes": COUNTED.format(
            "labels.size / pixels[labels]"
        ),
        "One over the pixels of its class": COUNTED.format("1 / pixels[labels]"),
        "The shares are right, and the common class weighs 1.": COUNTED.format(
            "(max(pixels) / pixels)[labels]"
        ),
        "Upside down": COUNTED.format("classes * (pixels / labels.size)[labels]"),
        "Those are the weights of the classes.": COUNTED.format("labels.size / classes / pixels"),
        "For labels=0, classes=3 it gives 1, expected 0.66667": COUNTED.format(
            "labels.size / np.max(labels) / pixels[labels]"
        ),
        "For labels=0, classes=3 it gives 0.8165": COUNTED.format(
            "np.sqrt(labels.size / classes / pixels[labels])"
        ),
    },
}
