"""Batches, epochs, generators, and `reduction`."""

import numpy as np

from .data import (
    BATCHES,
    BCE,
    CCE,
    CW,
    MAE,
    MSE,
    MT,
    TEMPORAL,
    W7,
    WB,
    ZT,
    B,
    C,
    array,
    binary,
    categorical,
    real,
    wave,
)
from .forms import case, output, simple

Z7 = array(1.0, 2.0, 0.5, 0.0, 0.0, 0.0, 3.0)
M7 = array(
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1, 0],
    [1, 1, 1, 0, 0],
    [1, 0, 0, 0, 0],
    [1, 0, 0, 0, 0],
    [1, 1, 0, 0, 0],
    [1, 0, 0, 0, 0],
)
G7 = M7 * array(1, 1, 1, 0, 0, 0, 1)[:, None]
case(
    "epoch-mse",
    "7 samples in batches of 3",
    "EPOCH305 GEN ONBATCH",
    output(MSE, *real(2, 7)),
    **BATCHES,
)
case(
    "epoch-bce-r3",
    "7 samples in batches of 3",
    "EPOCH305 GEN ONBATCH",
    output(BCE, *binary(3, 7)),
    **BATCHES,
)
case("epoch-even", "6 samples in batches of 3", "GEN ONBATCH", output(MSE, *real(2, 6)), **BATCHES)
case(
    "epoch-sw",
    "weights that differ between batches",
    "EPOCH305 GEN ZEROW",
    output(MSE, *real(2, 7)),
    sample_weight=W7,
    **BATCHES,
)
case(
    "epoch-sw-mae",
    "weights that differ between batches",
    "EPOCH305 GEN SUMW113",
    output(MAE, *real(2, 7)),
    sample_weight=W7,
    **BATCHES,
)
case(
    "epoch-sw-zero-batch",
    "a batch whose weights are all 0",
    "EPOCH305 GEN ZEROW",
    output(MSE, *real(2, 7)),
    sample_weight=Z7,
    **BATCHES,
)
case(
    "epoch-mask",
    "masks that differ between batches",
    "EPOCH305 MASKNORM GEN GENLIST",
    output(MSE, *real(3, 7), mask=M7),
    **BATCHES,
)
case(
    "epoch-mask-zero-batch",
    "a batch that is masked completely",
    "EPOCH305 MASKALL GEN GENLIST",
    output(MSE, *real(3, 7), mask=G7),
    **BATCHES,
)
case(
    "epoch-mask-sw",
    "masks and weights that differ between batches",
    "EPOCH305 MASKSW",
    output(MSE, *real(3, 7), mask=M7),
    sample_weight=W7[:, None] + 0 * M7,
    batch_size=3,
    **TEMPORAL,
)
case(
    "epoch-cw",
    "class weights, batches",
    "EPOCH305 SUMW113",
    output(CCE, *categorical(2, 7)),
    class_weight=CW,
    batch_size=3,
)
case(
    "epoch-sw-r3-b",
    "weights (B,), values (B, T), the second batch has T samples",
    "K3RANK",
    output(MSE, wave((7, 3, C), 0.3), wave((7, 3, C), 2.0)),
    sample_weight=W7,
    batch_size=4,
)

# ----------------------------------------------------------------------------------- reduction

for _name in (
    "sum_over_batch_size",
    "sum",
    "none",
    None,
    "auto",
    "mean",
    "mean_with_sample_weight",
):
    _tag = "MWSW" if _name == "mean_with_sample_weight" else "REDENUM"
    _tag = "REDNONE" if _name in ("none", None) else _tag
    _options = {"options": {"reduction": _name}}
    _id = "red-%s-" % (_name or "python-none")
    case(_id + "r2", f"reduction={_name!r}", _tag, simple(MSE, 2, **_options))
    case(
        _id + "r3-sw",
        f"reduction={_name!r}, weights (B, 1)",
        _tag + " SWMODE",
        simple(MSE, 3, **_options),
        sample_weight=WB[:, None],
        **TEMPORAL,
    )
    if _name in ("sum", "none", "mean_with_sample_weight"):
        case(
            _id + "mask",
            f"reduction={_name!r}, mask",
            _tag + " MASKNORM",
            simple(MSE, 3, mask=MT, **_options),
        )
        case(
            _id + "mask-sw",
            f"reduction={_name!r}, mask and weights with zeros",
            _tag + " MASKSW",
            simple(MSE, 3, mask=MT, **_options),
            sample_weight=ZT,
            **TEMPORAL,
        )
        case(
            _id + "batches",
            f"reduction={_name!r}, short last batch",
            _tag + (" NONEB2" if _name == "none" else ""),
            output(MSE, *real(2, 7), **_options),
            **BATCHES,
        )
        case(
            _id + "batches-sw",
            f"reduction={_name!r}, short last batch, weights",
            _tag + (" NONEB2" if _name == "none" else ""),
            output(MAE, *real(2, 7), **_options),
            sample_weight=W7,
            batch_size=3,
        )
case(
    "red-mean_with_sample_weight-allzero",
    "mean_with_sample_weight, every weight is 0",
    "MWSW",
    simple(MSE, 2, options={"reduction": "mean_with_sample_weight"}),
    sample_weight=np.zeros(B, "float32"),
)
