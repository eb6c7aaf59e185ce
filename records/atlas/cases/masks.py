"""Masks, alone and with weights."""

import numpy as np

from .data import (
    BCE,
    CCE,
    CW,
    MAE,
    MSE,
    MT,
    SCCE,
    SHORT,
    TEMPORAL,
    WB,
    WT,
    ZT,
    B,
    C,
    H,
    T,
    W,
    array,
    bits,
    real,
    wave,
)
from .forms import case, output, simple

NOTHING = np.zeros((B, T), "float32")
for _loss in (MSE, MAE, BCE, CCE):
    case(
        f"mask-{SHORT[_loss]}-r3",
        "mask (B, T)",
        "MASKNORM" + ("" if _loss == MSE else " SUMW113"),
        simple(_loss, 3, mask=MT),
    )
for _loss in (MSE, BCE):
    case(
        f"mask-{SHORT[_loss]}-r3-nothing", "nothing kept", "MASKALL", simple(_loss, 3, mask=NOTHING)
    )
case(
    "mask-mse-r3-all",
    "everything kept",
    "MASKNORM",
    simple(MSE, 3, mask=np.ones((B, T), "float32")),
)
_true, _pred = real(3)
case(
    "mask-masking-layer",
    "mask from a Masking layer",
    "MASKNORM",
    output(MSE, _true, _pred * MT[..., None], mask=MT, masking_layer=True),
)
case("mask-mse-r2-b", "mask (B,), values (B,)", "MASKNORM", simple(MSE, 2, mask=array(1, 0, 1, 1)))
case("mask-mse-r4-bhw", "mask of every pixel", "MASKNORM", simple(MSE, 4, mask=bits((B, H, W))))
case(
    "mask-mse-r4-bh",
    "mask (B, H), values (B, H, W)",
    "MASKCUSTOM",
    simple(MSE, 4, mask=bits((B, H), 1)),
)
case(
    "mask-mse-r3-square",
    "mask (B,), values (B, T) with T = B",
    "MASKCUSTOM",
    output(MSE, wave((B, B, C), 0.3), wave((B, B, C), 2.0), mask=array(1, 0, 1, 1)),
)
case(
    "mask-sw-b",
    "mask (B, T), weights (B,)",
    "MASKSW K3RANK",
    simple(MSE, 3, mask=MT),
    sample_weight=WB,
)
case(
    "mask-sw-b1",
    "mask (B, T), weights (B, 1)",
    "MASKSW SWMODE",
    simple(MSE, 3, mask=MT),
    sample_weight=WB[:, None],
    **TEMPORAL,
)
for _loss in (MSE, BCE):
    case(
        f"mask-sw-{SHORT[_loss]}-zeros",
        "mask (B, T), weights (B, T) with zeros",
        "MASKSW ZEROW",
        simple(_loss, 3, mask=MT),
        sample_weight=ZT,
        **TEMPORAL,
    )
case(
    "mask-sw-same",
    "the mask, and the same again as 0/1 weights",
    "MASKSW ZEROW",
    simple(MSE, 3, mask=MT),
    sample_weight=MT,
    **TEMPORAL,
)
case(
    "mask-sw-nothing",
    "nothing kept, weights (B, T)",
    "MASKSW MASKALL",
    simple(MSE, 3, mask=NOTHING),
    sample_weight=WT,
    **TEMPORAL,
)
case(
    "mask-sw-square",
    "mask (B, T), weights (B,), T = B",
    "MASKSW K3RANK",
    output(MSE, wave((B, B, C), 0.3), wave((B, B, C), 2.0), mask=bits((B, B), 1)),
    sample_weight=WB,
)
case(
    "mask-sw-r2",
    "mask (B,), weights (B,), values (B,)",
    "MASKSW",
    simple(MSE, 2, mask=array(1, 0, 1, 1)),
    sample_weight=WB,
)
case(
    "mask-cw-scce",
    "mask (B, T), class_weight",
    "CWRANK MASKNORM",
    simple(SCCE, 3, mask=MT),
    class_weight=CW,
)
