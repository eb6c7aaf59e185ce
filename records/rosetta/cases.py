"""What the other libraries are asked: the same few tensors, through every loss and option.

A case is plain data: which library and loss, its options, its tensors. No library is needed to read
it. `run.py` gives each case to the real library and records value and gradient in results.json; the
tests compute the same numbers with the rules of lossbook.
"""

import hashlib
import json
import math

NAN = float("nan")
CE, NLL, BCE = "CrossEntropyLoss", "NLLLoss", "BCELoss"
BCE_LOGITS, MSE, KL = "BCEWithLogitsLoss", "MSELoss", "KLDivLoss"

# four samples, three classes
LOGITS = [[2.0, 0.5, -1.0], [0.0, 1.5, 0.5], [1.0, -0.5, 0.2], [0.4, 0.8, -0.6]]
LABELS = [0, 1, 2, 0]
CLASS_WEIGHT = [1.0, 2.0, 5.0]
IGNORED = [0, -100, 2, -100]
NONE_LEFT = [-100, -100, -100, -100]
SOFT = [[0.7, 0.2, 0.1], [0.1, 0.9, 0.0], [0.0, 0.5, 0.5], [0.25, 0.25, 0.5]]
NAN_ROW = [LOGITS[0], [NAN, NAN, NAN], LOGITS[2], LOGITS[3]]

# two images of 2 x 2 pixels, three classes: (N, C, H, W), as PyTorch has them
IMAGES = [
    [
        [[round(2 * math.sin(7 * n + 5 * c + 3 * h + w), 3) for w in (0, 1)] for h in (0, 1)]
        for c in range(3)
    ]
    for n in (0, 1)
]
PIXELS = [[[0, 0], [1, 2]], [[2, 0], [0, 1]]]
PIXELS_IGNORED = [[[0, -100], [1, 2]], [[-100, 0], [-100, -100]]]

# three samples with two tags each
TAG_LOGITS = [[1.3, -0.4], [-2.0, 0.3], [0.7, -1.1]]
TAGS = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
TAG_WEIGHT = [[1.0, 3.0], [0.5, 0.0], [2.0, 1.0]]
PER_TAG = [2.0, 5.0]
TARGETS = [[1.0, -0.5], [-1.5, 0.0], [2.0, -1.0]]
SATURATED = [[1.0, 0.0], [1.0, 0.5], [0.0, 1.0]]

# two micro-batches of token sequences, with 4 + 3 and 1 + 1 labels to predict
TOKENS = 5


def token_logits(batch, length=5):
    """Return logits (2, length, TOKENS)."""
    return [
        [
            [round(2 * math.cos(9 * batch + 5 * n + 3 * t + 2 * c), 3) for c in range(TOKENS)]
            for t in range(length)
        ]
        for n in (0, 1)
    ]


# the first label is never predicted; -100 is padding
MICRO_BATCHES = [
    (token_logits(0), [[1, 4, 0, 2, 3], [3, 1, 1, 0, -100]]),
    (token_logits(1), [[0, 2, -100, -100, -100], [4, 3, -100, -100, -100]]),
]
ITEMS = [7, 2]


def log_softmax(row):
    """Return the logarithms of the probabilities of one row of logits."""
    total = math.log(sum(math.exp(z) for z in row))
    return [round(z - total, 6) for z in row]


def softmax(row):
    """Return the probabilities of one row of logits, to six digits."""
    total = sum(math.exp(z) for z in row)
    return [round(math.exp(z) / total, 6) for z in row]


def sigmoid(row):
    """Return the probability of each logit of a row, to six digits."""
    return [round(1 / (1 + math.exp(-z)), 6) for z in row]


LOG_P = [log_softmax(row) for row in LOGITS]
P = [softmax(row) for row in LOGITS]
TAG_P = [sigmoid(row) for row in TAG_LOGITS]
IMAGES_LOG_P = [
    [
        [[log_softmax([image[k][h][w] for k in range(3)])[c] for w in (0, 1)] for h in (0, 1)]
        for c in range(3)
    ]
    for image in IMAGES
]

CASES = []


def case(library, loss, what, input, target, **options):
    """Add a case; its id is library/loss/what."""
    CASES.append(
        {
            "id": f"{library}/{loss}/{what}",
            "library": library,
            "loss": loss,
            "input": input,
            "target": target,
            "options": options,
        }
    )


def pytorch(loss, what, input, target, reductions=("mean", "sum", "none"), **options):
    """Add a case for every reduction."""
    for reduction in reductions:
        case("torch", loss, f"{what}/{reduction}", input, target, reduction=reduction, **options)


W, HALF = CLASS_WEIGHT, [0.0, 2.0, 5.0]  # class 0 without weight
pytorch(CE, "plain", LOGITS, LABELS)
pytorch(CE, "weight", LOGITS, LABELS, weight=W)
pytorch(CE, "weight with a zero", LOGITS, LABELS, weight=HALF)
pytorch(CE, "no weight left", LOGITS, [0, 0, 0, 0], weight=HALF)
pytorch(CE, "ignored", LOGITS, IGNORED)
pytorch(CE, "ignore_index=2", LOGITS, LABELS, ignore_index=2)
pytorch(CE, "weight, ignored", LOGITS, IGNORED, weight=W)
pytorch(CE, "all ignored", LOGITS, NONE_LEFT)
pytorch(CE, "NaN where ignored", NAN_ROW, IGNORED)
pytorch(CE, "label_smoothing", LOGITS, LABELS, label_smoothing=0.1)
pytorch(CE, "label_smoothing, weight", LOGITS, LABELS, label_smoothing=0.1, weight=W)
pytorch(CE, "label_smoothing, ignored", LOGITS, IGNORED, label_smoothing=0.1)
pytorch(CE, "label_smoothing, weight, ignored", LOGITS, IGNORED, label_smoothing=0.1, weight=W)
pytorch(CE, "probabilities", LOGITS, SOFT)
pytorch(CE, "probabilities, weight", LOGITS, SOFT, weight=W)
pytorch(CE, "probabilities, label_smoothing", LOGITS, SOFT, label_smoothing=0.1)
pytorch(CE, "probabilities, label_smoothing, weight", LOGITS, SOFT, label_smoothing=0.1, weight=W)
pytorch(CE, "images", IMAGES, PIXELS)
pytorch(CE, "images, weight", IMAGES, PIXELS, weight=W)
pytorch(CE, "images, ignored", IMAGES, PIXELS_IGNORED)
pytorch(CE, "images, weight, ignored", IMAGES, PIXELS_IGNORED, weight=W)

pytorch(NLL, "plain", LOG_P, LABELS)
pytorch(NLL, "weight", LOG_P, LABELS, weight=W)
pytorch(NLL, "ignored", LOG_P, IGNORED)
pytorch(NLL, "weight, ignored", LOG_P, IGNORED, weight=W)
pytorch(NLL, "all ignored", LOG_P, NONE_LEFT)
pytorch(NLL, "images", IMAGES_LOG_P, PIXELS)
pytorch(NLL, "images, weight, ignored", IMAGES_LOG_P, PIXELS_IGNORED, weight=W)

pytorch(BCE, "plain", TAG_P, TAGS)
pytorch(BCE, "weight", TAG_P, TAGS, weight=TAG_WEIGHT)
pytorch(BCE, "weight per tag", TAG_P, TAGS, weight=PER_TAG)
pytorch(BCE, "saturated", SATURATED, TAGS)

pytorch(BCE_LOGITS, "plain", TAG_LOGITS, TAGS)
pytorch(BCE_LOGITS, "weight", TAG_LOGITS, TAGS, weight=TAG_WEIGHT)
pytorch(BCE_LOGITS, "weight per tag", TAG_LOGITS, TAGS, weight=PER_TAG)
pytorch(BCE_LOGITS, "weight per sample", TAG_LOGITS, TAGS, weight=[[1.0], [3.0], [0.0]])
pytorch(BCE_LOGITS, "pos_weight", TAG_LOGITS, TAGS, pos_weight=PER_TAG)
pytorch(BCE_LOGITS, "pos_weight, weight", TAG_LOGITS, TAGS, pos_weight=PER_TAG, weight=TAG_WEIGHT)
# weights meet the last axis, as in Keras, but never make the loss larger
pytorch(BCE_LOGITS, "weights of a square", [*TAG_LOGITS[:2]], TAGS[:2], weight=[1.0, 3.0])
pytorch(
    BCE_LOGITS,
    "weights of a column",
    [[1.3], [-2.0], [0.7]],
    [[1.0], [0.0], [1.0]],
    weight=[1.0, 3.0, 0.0],
)

pytorch(MSE, "plain", TAG_LOGITS, TARGETS)
pytorch("mse_loss", "weight", TAG_LOGITS, TARGETS, weight=TAG_WEIGHT)
pytorch("l1_loss", "weight", TAG_LOGITS, TARGETS, weight=TAG_WEIGHT)

FOUR = ("mean", "sum", "none", "batchmean")
pytorch(KL, "plain", LOG_P, SOFT, FOUR)
pytorch(KL, "log_target", LOG_P, LOG_P[::-1], FOUR, log_target=True)

# optax reduces nothing: `reduce` is what the user writes around it
INTEGER, SOFTMAX = "softmax_cross_entropy_with_integer_labels", "softmax_cross_entropy"
SIGMOID = "sigmoid_binary_cross_entropy"
WEIGHTS = [CLASS_WEIGHT[label] for label in LABELS]
KEEP, KEEP_NONE = [True, False, True, False], [False] * 4
KEEP_TAGS = [[True, True], [True, False], [False, False]]
for loss, input, target, weight, where in [
    (INTEGER, LOGITS, LABELS, WEIGHTS, KEEP),
    (SOFTMAX, LOGITS, SOFT, WEIGHTS, KEEP),
    (SIGMOID, TAG_LOGITS, TAGS, TAG_WEIGHT, KEEP_TAGS),
]:
    case("optax", loss, "none", input, target)
    case("optax", loss, "sum", input, target, reduce="sum")
    case("optax", loss, "mean", input, target, reduce="mean")
    case("optax", loss, "mean of weight * loss", input, target, reduce="mean", weight=weight)
    case("optax", loss, "mean where", input, target, reduce="mean", where=where)
    case(
        "optax",
        loss,
        "mean where, weight",
        input,
        target,
        reduce="mean",
        weight=weight,
        where=where,
    )
    case("optax", loss, "average by weight", input, target, reduce="average", weight=weight)
case("optax", INTEGER, "mean where nothing", LOGITS, LABELS, reduce="mean", where=KEEP_NONE)
case("optax", INTEGER, "NaN, mean where", NAN_ROW, LABELS, reduce="mean", where=KEEP)
case(
    "optax",
    SIGMOID,
    "mean where a column",
    TAG_LOGITS,
    TAGS,
    reduce="mean",
    where=[[True], [False], [True]],
)

ZERO_P = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.3, 0.5], [0.5, 0.25, 0.25]]
LOSS = "log_loss"
for what, options in [
    ("plain", {}),
    ("sample_weight", {"sample_weight": WEIGHTS}),
    ("zero weights", {"sample_weight": [1.0, 1.0, 0.0, 0.0]}),
    ("normalize=False", {"normalize": False}),
    ("sample_weight, normalize=False", {"sample_weight": WEIGHTS, "normalize": False}),
    ("no weight left", {"sample_weight": [0.0] * 4}),
    ("no weight left, normalize=False", {"sample_weight": [0.0] * 4, "normalize": False}),
]:
    case("sklearn", LOSS, what, P, LABELS, **options)
case("sklearn", LOSS, "zero probability", ZERO_P, LABELS)
case("sklearn", LOSS, "zero probability, float64", ZERO_P, LABELS, dtype="float64")
case("sklearn", LOSS, "two classes", [0.2, 0.9, 0.6, 0.4], [0, 1, 0, 1])

CAUSAL = "ForCausalLMLoss"
for number, (logits, labels) in enumerate(MICRO_BATCHES, start=1):
    items, all_items = ITEMS[number - 1], sum(ITEMS)
    case("transformers", CAUSAL, f"batch {number}", logits, labels)
    case(
        "transformers",
        CAUSAL,
        f"batch {number}, own items",
        logits,
        labels,
        num_items_in_batch=items,
    )
    case(
        "transformers",
        CAUSAL,
        f"batch {number}, all items",
        logits,
        labels,
        num_items_in_batch=all_items,
    )
logits, labels = MICRO_BATCHES[0]
nothing = [[-100] * 5] * 2
case("transformers", CAUSAL, "nothing to predict", logits, nothing)
case("transformers", CAUSAL, "nothing to predict, items", logits, nothing, num_items_in_batch=9)
# The Trainer, with batches of 2, 2 and 1 rows. It counts the items of a model of `loss_type`
# ForCausalLM without the first label, which nobody predicts, and of any other model with it.
KNOWN = {"loss_type": "ForCausalLM"}
TRAINER = [*MICRO_BATCHES, (token_logits(2)[:1], [[2, 0, 4, -100, -100]])]
for what, batches in [
    ("batches of 2, 2, 1 rows", TRAINER),
    ("a batch without labels", [TRAINER[0], (TRAINER[1][0], nothing), TRAINER[2]]),
]:
    inputs, labels = zip(*batches, strict=True)
    case("transformers", "Trainer.evaluate", what, inputs, labels, **KNOWN)
for steps in (1, 2):
    what = f"gradient_accumulation_steps={steps}"
    options = {"gradient_accumulation_steps": steps}
    inputs, labels = zip(*MICRO_BATCHES, strict=True)
    case("transformers", "Trainer.train", what, inputs, labels, **KNOWN, **options)
    case("transformers", "Trainer.train", f"another model, {what}", inputs, labels, **options)


def digest():
    """Return a hash of all cases: results belong to one set of them."""
    return hashlib.sha256(json.dumps(CASES, sort_keys=True).encode()).hexdigest()[:12]
