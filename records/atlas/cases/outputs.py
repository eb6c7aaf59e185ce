"""Several outputs, loss_weights, and how arguments are packed."""

from .data import BCE, CCE, MSE, MT, WB, ZB, B, T, array, binary, bits, real
from .forms import case, output, simple, two

WB2 = array(1.0, 0.0, 3.0, 0.5)
case("two-plain", "two outputs", "", two())
case("two-loss-dict", "loss as a dict", "", two(), loss_pack="dict")
case("two-lw-list", "loss_weights as a list", "OUTLOG", two(), loss_weights=[1.0, 10.0])
case(
    "two-lw-dict",
    "loss_weights as a dict",
    "OUTLOG",
    two(),
    loss_pack="dict",
    loss_weights={"a": 0.5, "b": 3.0},
)
case(
    "two-lw-dict-loss-list",
    "loss a list, loss_weights a dict",
    "",
    two(),
    loss_weights={"a": 0.5, "b": 3.0},
)
case("two-lw-zero", "a loss weight of 0", "", two(), loss_weights=[1.0, 0.0])
case(
    "two-lw-partial",
    "loss_weights name one output",
    "LOSSDICT",
    two(),
    loss_pack="dict",
    loss_weights={"a": 0.5},
)
_half = two()
_half[1]["loss"] = None
case("two-loss-partial", "the loss dict names one output", "LOSSDICT", _half, loss_pack="dict")
case(
    "two-loss-partial-y-dict",
    "the loss dict names one output, and so do the targets",
    "LOSSDICT",
    _half,
    loss_pack="dict",
    y_pack="dict",
)
case("two-loss-none", "the loss list has a None", "LOSSDICT", _half)
case(
    "two-one-loss",
    "one loss for two outputs",
    "",
    [simple(MSE, 2, name="a"), simple(MSE, 3, name="b")],
    loss_pack="one",
)
case("two-sw-list", "weights as a list", "OUTLOG", two(), sample_weight=[WB, WB2])
case(
    "two-sw-list-lw",
    "weights and loss_weights",
    "ZEROW",
    two(),
    sample_weight=[WB, ZB],
    loss_weights=[1.0, 10.0],
)
case(
    "two-sw-dict",
    "weights as a dict, targets a list",
    "DICTSW",
    two(),
    sample_weight={"a": WB, "b": WB2},
)
case(
    "two-sw-dict-y-dict",
    "weights and targets as dicts",
    "DICTSW",
    two(),
    loss_pack="dict",
    y_pack="dict",
    sample_weight={"a": WB, "b": WB2},
)
case("two-y-dict", "targets as a dict", "DICTSW", two(), loss_pack="dict", y_pack="dict")
case("two-sw-none-second", "weights [w, None]", "NONESW", two(), sample_weight=[WB, None])
case("two-sw-none-first", "weights [None, w]", "NONESW", two(), sample_weight=[None, WB])
case(
    "two-sw-dict-one",
    "the weights name one output, targets a list",
    "NONESW",
    two(),
    sample_weight={"a": WB},
)
case(
    "two-sw-dict-one-y-dict",
    "the weights name one output, targets a dict",
    "NONESW",
    two(),
    loss_pack="dict",
    y_pack="dict",
    sample_weight={"a": WB},
)
case("two-sw-one-array", "one array of weights for two outputs", "NONESW", two(), sample_weight=WB)
case(
    "two-masks",
    "each output has a mask",
    "MASKNORM OUTLOG",
    [simple(MSE, 3, name="a", mask=MT), simple(BCE, 3, name="b", mask=bits((B, T), 1))],
    loss_weights=[1.0, 2.0],
)
case(
    "two-batches",
    "two outputs, short last batch",
    "EPOCH305 ONBATCH OUTLOG",
    [output(MSE, *real(2, 7), name="a"), output(BCE, *binary(2, 7), name="b")],
    batch_size=3,
    loss_weights=[1.0, 10.0],
)
case(
    "three-lw-dict",
    "three outputs of different rank",
    "ONES113",
    [simple(MSE, 2, name="a"), simple(BCE, 3, name="b"), simple(CCE, 4, name="c")],
    loss_pack="dict",
    loss_weights={"a": 1.0, "b": 0.5, "c": 2.0},
)
case(
    "one-lw-float", "one output, loss_weights a float", "SINGLELW", simple(MSE, 2), loss_weights=3.0
)
case(
    "one-lw-list", "one output, loss_weights a list", "SINGLELW", simple(MSE, 2), loss_weights=[3.0]
)
case(
    "one-lw-dict",
    "one output, loss_weights a dict",
    "SINGLELW",
    simple(MSE, 2),
    loss_weights={"out": 3.0},
)
case(
    "one-sw-lw",
    "one output, weights and loss_weights",
    "SINGLELW ZEROW",
    simple(MSE, 2),
    loss_weights=[3.0],
    sample_weight=ZB,
)
