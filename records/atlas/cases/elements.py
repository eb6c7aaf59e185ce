"""The loss of one element, and the shape of the target."""

import numpy as np

from .data import (
    BCE,
    CCE,
    MAE,
    MSE,
    SCCE,
    TEMPORAL,
    WB,
    B,
    C,
    T,
    array,
    distribution,
    labels,
    one_hot,
    wave,
)
from .forms import case, output, simple

EXACT = array([0.0, 1.0, 0.5], [1.0, 0.0, 0.25], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0])
TRUTH = array([1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 1, 0])
LOGITS = array([-40.0, 40.0, 0.5], [3.0, -18.0, 18.0], [-2.0, 90.0, -90.0], [-25.0, 1.0, 25.0])
HOT = one_hot(np.array([0, 2, 2, 1]))
SURE = array([0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
PICK = np.array([[0], [2], [2], [1]], dtype="int32")
LOGITS_TOO = {"options": {"from_logits": True}}
case("bce-exact", "probabilities that are exactly 0 and 1", "BCEEPS", output(BCE, TRUTH, EXACT))
case("bce-right", "probabilities exactly 0 and 1, all right", "BCEEPS", output(BCE, TRUTH, TRUTH))
case("cce-exact", "probabilities that are exactly 0 and 1", "", output(CCE, HOT, SURE))
case("scce-exact", "probabilities that are exactly 0 and 1", "", output(SCCE, PICK, SURE))
case(
    "cce-unnormalised",
    "rows that do not add up to 1",
    "",
    output(CCE, HOT, wave((B, C), 1.0, 0.25, 2.0)),
)
case(
    "scce-unnormalised",
    "rows that do not add up to 1",
    "",
    output(SCCE, PICK, wave((B, C), 1.0, 0.25, 2.0)),
)
case("bce-logits", "from_logits, saturated", "CLASSES", output(BCE, TRUTH, LOGITS, **LOGITS_TOO))
case(
    "cce-logits", "from_logits, saturated", "CLASSES LS113", output(CCE, HOT, LOGITS, **LOGITS_TOO)
)
case("scce-logits", "from_logits, saturated", "CLASSES", output(SCCE, PICK, LOGITS, **LOGITS_TOO))
case(
    "bce-sigmoid",
    "a sigmoid output, saturated",
    "FUSED",
    output(BCE, TRUTH, LOGITS, activation="sigmoid"),
)
case(
    "cce-softmax",
    "a softmax output, saturated",
    "FUSED",
    output(CCE, HOT, LOGITS, activation="softmax"),
)
case(
    "scce-softmax",
    "a softmax output, saturated",
    "FUSED",
    output(SCCE, PICK, LOGITS, activation="softmax"),
)
case(
    "bce-sigmoid-class",
    "a sigmoid output, the loss class",
    "FUSED",
    output(BCE, TRUTH, LOGITS, activation="sigmoid", form="class"),
)
case(
    "bce-sigmoid-times",
    "a sigmoid output times 1",
    "FUSED BCEEPS",
    output(BCE, TRUTH, LOGITS, activation="sigmoid", after_activation="multiply"),
)
case(
    "cce-softmax-times",
    "a softmax output times 1",
    "FUSED",
    output(CCE, HOT, LOGITS, activation="softmax", after_activation="multiply"),
)
case(
    "bce-sigmoid-mild",
    "a sigmoid output, mild logits",
    "FUSED",
    output(BCE, TRUTH, wave((B, C), 1.0, -3, 3), activation="sigmoid"),
)
_mild = wave((B, C), 1.0, -3, 3)
case(
    "bce-logits-sigmoid",
    "from_logits on a sigmoid",
    "FLSIG",
    output(BCE, TRUTH, _mild, activation="sigmoid", **LOGITS_TOO),
)
case(
    "cce-logits-softmax",
    "from_logits on a softmax",
    "FLSIG",
    output(CCE, HOT, _mild, activation="softmax", **LOGITS_TOO),
)
case(
    "scce-logits-softmax",
    "from_logits on a softmax",
    "FLSIG",
    output(SCCE, PICK, _mild, activation="softmax", **LOGITS_TOO),
)
SMOOTH = {"options": {"label_smoothing": 0.25}}
case("smooth-bce-r2", "label smoothing", "LS113", simple(BCE, 2, **SMOOTH))
case("smooth-cce-r2", "label smoothing", "LS113", simple(CCE, 2, **SMOOTH))
case("smooth-cce-r3", "label smoothing, rank 3", "LSAXIS LS113", simple(CCE, 3, **SMOOTH))
case("smooth-cce-r4", "label smoothing, rank 4", "LSAXIS LS113", simple(CCE, 4, **SMOOTH))
case(
    "smooth-cce-logits",
    "label smoothing, from_logits",
    "LS113",
    output(CCE, HOT, _mild, options={"label_smoothing": 0.25, "from_logits": True}),
)
BIG = array([300.0, 0.0, 1.0], [2.0, 2.0, 2.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
case(
    "f16-mse",
    "float16: a square too large for it",
    "F16",
    output(MSE, np.zeros((B, C), "float32"), BIG),
    dtype="float16",
)
case(
    "f16-mae",
    "float16: a sum too large for it",
    "F16",
    output(MAE, np.zeros((B, C), "float32"), BIG * 128),
    dtype="float16",
)
case("f16-bce", "float16: ordinary probabilities", "F16", simple(BCE, 2), dtype="float16")
case("ignore-r2", "ignore_class=0", "IGNORE", simple(SCCE, 2, options={"ignore_class": 0}))
case(
    "ignore-r3",
    "ignore_class=2, labels (B, T, 1)",
    "IGNORE",
    simple(SCCE, 3, options={"ignore_class": 2}),
)
case(
    "ignore-r3-sw",
    "ignore_class=2, labels (B, T), weights (B, 1)",
    "IGNORE",
    output(SCCE, labels((B, T)), distribution((B, T, C)), options={"ignore_class": 2}),
    sample_weight=WB[:, None],
    **TEMPORAL,
)

# ----------------------------------------------------------------------- the shape of the target

case(
    "target-b-b1",
    "targets (B,), predictions (B, 1)",
    "TSHAPE",
    output(MSE, wave((B,), 0.3), wave((B, 1), 2.0)),
)
case(
    "target-b1-b",
    "targets (B, 1), predictions (B,)",
    "TSHAPE RANK1",
    output(MSE, wave((B, 1), 0.3), wave((B,), 2.0), squeeze=True),
)
case(
    "target-b1-bc",
    "targets (B, 1), predictions (B, C)",
    "TSHAPE",
    output(MSE, wave((B, 1), 0.3), wave((B, C), 2.0)),
)
case(
    "target-bc-b1",
    "targets (B, C), predictions (B, 1)",
    "TSHAPE",
    output(MSE, wave((B, C), 0.3), wave((B, 1), 2.0)),
)
case(
    "target-bt-bt1",
    "targets (B, T), predictions (B, T, 1)",
    "TSHAPE",
    output(MSE, wave((B, T), 0.3), wave((B, T, 1), 2.0)),
)
case(
    "target-bt1-bt",
    "targets (B, T, 1), predictions (B, T)",
    "TSHAPE",
    output(MSE, wave((B, T, 1), 0.3), wave((B, T), 2.0)),
)
case("target-scce-b", "labels (B,)", "TSHAPE", output(SCCE, labels((B,)), distribution((B, C))))
case(
    "target-scce-bt",
    "labels (B, T)",
    "TSHAPE",
    output(SCCE, labels((B, T)), distribution((B, T, C))),
)
case(
    "target-custom-bt-bt1",
    "a function, targets (B, T), predictions (B, T, 1)",
    "TSHAPE",
    output("custom:elements", wave((B, T), 0.3), wave((B, T, 1), 2.0)),
)
