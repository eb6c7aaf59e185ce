"""Loss functions of our own, and the two seeds."""

from .data import (
    BATCHES,
    BCE,
    CCE,
    MT,
    TEMPORAL,
    WB,
    ZB,
    ZT,
    B,
    distribution,
    labels,
    one_hot,
    real,
    wave,
)
from .forms import KERNEL, case, dense, output


def custom(name, **more):
    """Return an output of rank 3 with a loss function of our own."""
    return output("custom:" + name, *real(3), **more)


for _name in ("rows", "positions", "positions_keepdims", "elements", "scalar"):
    _rank = {"rows": "(B,)", "positions": "(B, T)", "positions_keepdims": "(B, T, 1)"}
    _title = "a loss that returns " + _rank.get(_name, _name)
    _kind = {"positions_keepdims": "KEEPDIMS", "scalar": "SCALARSW"}.get(_name, "")
    _high = {"positions_keepdims": "ONES113", "elements": "ONES113"}.get(_name, "")
    _id = f"custom-{_name}"
    case(_id, _title, _high, custom(_name))
    case(
        _id + "-sw-b",
        _title + ", weights (B,)",
        (_kind or "K3RANK TFKRANK") + " SUMW113",
        custom(_name),
        sample_weight=WB,
    )
    case(
        _id + "-sw-bt",
        _title + ", weights (B, T)",
        (_kind or "K3RANK") + " ZEROW SUMW113",
        custom(_name),
        sample_weight=ZT,
        **TEMPORAL,
    )
    case(_id + "-mask", _title + ", mask (B, T)", "MASKCUSTOM", custom(_name, mask=MT))
case(
    "custom-scalar-sw-zeros",
    "a scalar loss, weights with zeros",
    "SCALARSW ZEROW",
    custom("scalar"),
    sample_weight=ZB,
)
case(
    "custom-scalar-batches",
    "a scalar loss, short last batch",
    "EPOCH305 GEN",
    output("custom:scalar", *real(3, 7)),
    **BATCHES,
)
case(
    "custom-rows-batches",
    "a loss that returns (B,), short last batch",
    "EPOCH305 GEN",
    output("custom:rows", *real(3, 7)),
    **BATCHES,
)

# ------------------------------------------------------------------------------------ the seeds

_seg = (one_hot(labels((B, 4, 4), 5), 5), wave((B, 4, 4, 5), 1.0, 0.05, 0.95))
case("seed-segmentation", "5 classes, images 4 x 4, bce", "ONES113", output(BCE, *_seg))
case(
    "seed-segmentation-logits",
    "5 classes, a sigmoid output, bce",
    "FUSED ONES113",
    output(BCE, _seg[0], wave((B, 4, 4, 5), 1.0, -30, 30), activation="sigmoid"),
)
case(
    "seed-segmentation-sw",
    "5 classes, weights (B,), W = B",
    "K3RANK TFKRANK",
    output(BCE, *_seg),
    sample_weight=WB,
)
case(
    "seed-segmentation-cw",
    "5 classes, class_weight",
    "CWRANK",
    output(CCE, _seg[0], distribution((B, 4, 4, 5))),
    class_weight={0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0, 4: 1000.0},
)
case(
    "seed-bce-dice",
    "weighted BCE-Dice, class 4 weighs 1000",
    "ONES113",
    output("custom:weighted_bce_dice", *_seg),
)
case(
    "seed-bce-dice-batches",
    "weighted BCE-Dice in batches of 3 and 1: no mean of the whole",
    "ONES113 EPOCH305",
    output("custom:weighted_bce_dice", *_seg),
    batch_size=3,
)
case(
    "seed-bce-dice-sw",
    "weighted BCE-Dice, weights (B,)",
    "K3RANK TFKRANK",
    output("custom:weighted_bce_dice", *_seg),
    sample_weight=WB,
)
case("seed-dice", "Dice, one number", "", output("custom:dice", *_seg))
case(
    "seed-dice-sw",
    "Dice, one number, weights (B,)",
    "SCALARSW",
    output("custom:dice", *_seg),
    sample_weight=WB,
)
case(
    "seed-two-outputs",
    "two outputs, loss_weights, kernel penalty",
    "ONES113",
    [dense([KERNEL], name="a"), output(BCE, *_seg, name="b")],
    loss_weights=[1.0, 0.5],
)
