"""Sample weights and class weights."""

import numpy as np

from .data import (
    BCE,
    CCE,
    CW,
    MAE,
    MSE,
    SCCE,
    SHORT,
    TEMPORAL,
    WB,
    WT,
    ZB,
    ZT,
    B,
    C,
    H,
    T,
    W,
    bits,
    distribution,
    labels,
    one_hot,
    wave,
)
from .forms import case, output, simple

for _loss in (MSE, MAE):
    _id = f"sw-{SHORT[_loss]}-r2-"
    _kind = "" if _loss == MSE else " SUMW113"
    case(_id + "b", "weights (B,)", _kind, simple(_loss, 2), sample_weight=WB)
    case(_id + "zeros", "two weights are 0", "ZEROW" + _kind, simple(_loss, 2), sample_weight=ZB)
    case(
        _id + "allzero",
        "every weight is 0",
        "ZEROW" + _kind,
        simple(_loss, 2),
        sample_weight=np.zeros(B, "float32"),
    )
case(
    "sw-mse-r2-b1",
    "weights (B, 1), values (B,)",
    "SWMODE",
    simple(MSE, 2),
    sample_weight=WB[:, None],
)
case("sw-mae-r2-class-b", "the class", "SUMW113", simple(MAE, 2, form="class"), sample_weight=WB)
case("sw-bce-r1-b", "predictions (B,)", "RANK1", simple(BCE, 1, squeeze=True), sample_weight=WB)
case(
    "sw-bce-b1-b",
    "predictions (B, 1), weights (B,)",
    "SUMW113",
    output(BCE, bits((B, 1)), wave((B, 1), 1.0, 0.05, 0.95)),
    sample_weight=ZB,
)
case(
    "sw-mse-b1c-b",
    "values (B, 1), weights (B,)",
    "K3RANK",
    output(MSE, wave((B, 1, C), 0.3), wave((B, 1, C), 2.0)),
    sample_weight=WB,
)
for _loss in (MSE, BCE):
    _id = f"sw-{SHORT[_loss]}-r3-"
    _kind = "" if _loss == MSE else " SUMW113"
    case(
        _id + "b",
        "weights (B,), values (B, T)",
        "K3RANK" + _kind,
        simple(_loss, 3),
        sample_weight=WB,
    )
    case(
        _id + "temporal",
        "weights (B, T), temporal mode",
        _kind,
        simple(_loss, 3),
        sample_weight=WT,
        **TEMPORAL,
    )
    case(
        _id + "temporal-zeros",
        "weights (B, T) with zeros",
        "ZEROW" + _kind,
        simple(_loss, 3),
        sample_weight=ZT,
        **TEMPORAL,
    )
case("sw-mse-r3-b1", "weights (B, 1)", "SWMODE", simple(MSE, 3), sample_weight=WB[:, None])
case(
    "sw-mse-r3-b1-temporal",
    "weights (B, 1), temporal mode",
    "SWMODE",
    simple(MSE, 3),
    sample_weight=WB[:, None],
    **TEMPORAL,
)
case("sw-mse-r3-bt", "weights (B, T), no temporal mode", "SWMODE", simple(MSE, 3), sample_weight=WT)
case(
    "sw-mae-r3-ones",
    "weights (B,), all 1",
    "K3RANK",
    simple(MAE, 3),
    sample_weight=np.ones(B, "float32"),
)
case(
    "sw-mse-r3-btc",
    "weights of every element",
    "SWMODE",
    simple(MSE, 3),
    sample_weight=wave((B, T, C), 0.7, 0.25, 2.0),
)
case(
    "sw-mse-r3-square",
    "weights (B,), values (B, T) with T = B",
    "K3RANK",
    output(MSE, wave((B, B, C), 0.3), wave((B, B, C), 2.0)),
    sample_weight=WB,
)
case(
    "sw-bce-r3-square",
    "weights (B,), values (B, T) with T = B",
    "K3RANK ZEROW SUMW113",
    output(BCE, bits((B, B, C)), wave((B, B, C), 1.0, 0.05, 0.95)),
    sample_weight=ZB,
)
for _loss in (MSE, BCE):
    _id = f"sw-{SHORT[_loss]}-r4-"
    case(_id + "b", "weights (B,), images", "TFKRANK K3RANK", simple(_loss, 4), sample_weight=WB)
    case(
        _id + "bhw",
        "weights of every pixel",
        "SWMODE",
        simple(_loss, 4),
        sample_weight=wave((B, H, W), 0.7, 0.0, 2.0),
    )
case(
    "sw-mse-r4-bh",
    "weights (B, H), images",
    "TFKRANK K3RANK",
    simple(MSE, 4),
    sample_weight=wave((B, H), 0.7, 0.25, 2.0),
    **TEMPORAL,
)
case(
    "sw-mse-r4-b11",
    "weights (B, 1, 1), images",
    "SWMODE",
    simple(MSE, 4),
    sample_weight=WB[:, None, None],
)
case(
    "sw-mse-r4-square",
    "weights (B,), values (B, H, W) with W = B",
    "TFKRANK K3RANK",
    output(MSE, wave((B, 2, B, C), 0.3), wave((B, 2, B, C), 2.0)),
    sample_weight=WB,
)
case(
    "sw-mae-r4-square",
    "weights (B,), values (B, H, W) with H = W = B",
    "TFKRANK K3RANK SUMW113",
    output(MAE, wave((B, B, B, C), 0.3), wave((B, B, B, C), 2.0)),
    sample_weight=ZB,
)

# ------------------------------------------------------------------------------- class weights

case("cw-scce-r2", "class_weight, labels (B, 1)", "SUMW113", simple(SCCE, 2), class_weight=CW)
case("cw-cce-r2", "class_weight, one-hot targets", "SUMW113", simple(CCE, 2), class_weight=CW)
case(
    "cw-cce-r2-zero",
    "a class that weighs 0",
    "ZEROW SUMW113",
    simple(CCE, 2),
    class_weight={0: 0.0, 1: 2.0, 2: 1.5},
)
_binary = output(BCE, bits((B, 1)), wave((B, 1), 1.0, 0.05, 0.95))
case("cw-bce-b1", "class_weight, targets (B, 1)", "SUMW113", _binary, class_weight={0: 0.5, 1: 3.0})
case(
    "cw-missing-used",
    "a class of the data without a weight",
    "CWMISS",
    simple(CCE, 2),
    class_weight={0: 0.5, 2: 1.5},
)
case(
    "cw-missing-last",
    "the last class without a weight",
    "CWMISS",
    simple(SCCE, 2),
    class_weight={0: 0.5, 1: 2.0},
)
case(
    "cw-missing-unused",
    "a class without a weight that the data lack",
    "CWMISS",
    output(CCE, one_hot(np.array([0, 2, 2, 0])), distribution((B, C))),
    class_weight={0: 0.5, 2: 1.5},
)
case(
    "cw-sw-cce",
    "class_weight and sample_weight",
    "CWSW",
    simple(CCE, 2),
    class_weight=CW,
    sample_weight=WB,
)
case(
    "cw-sw-bce",
    "class_weight and sample_weight",
    "CWSW",
    _binary,
    class_weight={0: 0.5, 1: 3.0},
    sample_weight=ZB,
)
case(
    "cw-cce-r3",
    "class_weight, one-hot targets (B, T, C)",
    "CWRANK",
    simple(CCE, 3),
    class_weight=CW,
)
case("cw-scce-r3", "class_weight, labels (B, T, 1)", "CWRANK", simple(SCCE, 3), class_weight=CW)
case(
    "cw-scce-r3-bt",
    "class_weight, labels (B, T)",
    "CWRANK TSHAPE",
    output(SCCE, labels((B, T)), distribution((B, T, C))),
    class_weight=CW,
)
case(
    "cw-scce-r3-square",
    "class_weight, labels (B, T) with T = B",
    "CWRANK TSHAPE",
    output(SCCE, labels((B, B)), distribution((B, B, C))),
    class_weight={0: 0.5, 1: 2.0, 2: 1.5, 3: 4.0},
)
case(
    "cw-two-outputs",
    "class_weight of two outputs",
    "CWMULTI",
    [simple(CCE, 2, name="a"), simple(CCE, 2, name="b")],
    class_weight={"a": CW, "b": {0: 1.0, 1: 1.0, 2: 4.0}},
)
case(
    "cw-two-outputs-flat",
    "one class_weight for two outputs",
    "CWMULTI",
    [simple(CCE, 2, name="a"), simple(CCE, 2, name="b")],
    class_weight=CW,
)
