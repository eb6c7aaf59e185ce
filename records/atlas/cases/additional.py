"""Regularisers and add_loss."""

from .data import MSE, WB, ZB, real
from .forms import ACTIVITY, BIAS, KERNEL, case, dense, output, simple, two

case("reg-kernel", "L2 penalty on the kernel", "", dense([KERNEL]))
case("reg-bias", "L1 penalty on the bias", "", dense([BIAS]))
case("reg-activity", "L2 penalty on the activity", "ACTREG", dense([ACTIVITY]))
case("reg-all", "penalties on kernel, bias, activity", "ACTREG", dense([KERNEL, BIAS, ACTIVITY]))
case("reg-kernel-sw", "kernel penalty and weights", "ZEROW", dense([KERNEL]), sample_weight=ZB)
case(
    "reg-activity-sw", "activity penalty and weights", "ACTREG", dense([ACTIVITY]), sample_weight=WB
)
case(
    "reg-kernel-batches",
    "kernel penalty, short last batch",
    "EPOCH305",
    dense([KERNEL], 7),
    batch_size=3,
)
case(
    "reg-activity-batches",
    "activity penalty, short last batch",
    "ACTREG EPOCH305",
    dense([ACTIVITY], 7),
    batch_size=3,
)
case(
    "reg-kernel-lw",
    "kernel penalty, loss_weights",
    "SINGLELW",
    dense([KERNEL]),
    loss_weights=[10.0],
)
case(
    "reg-two-outputs",
    "two outputs with penalties, loss_weights",
    "ACTREG",
    [dense([KERNEL], name="a"), dense([ACTIVITY], name="b")],
    loss_weights=[0.5, 2.0],
)
for _kind, _value in (("constant", "value"), ("sum", "factor"), ("rows", "factor")):
    _add = {"kind": _kind, _value: 0.25}
    case(
        f"add-{_kind}",
        f"add_loss: {_kind}",
        "ADDVEC" if _kind == "rows" else "",
        simple(MSE, 2, add_loss=_add),
    )
    case(
        f"add-{_kind}-batches",
        f"add_loss: {_kind}, short last batch",
        "EPOCH305" + (" ADDVEC" if _kind == "rows" else ""),
        output(MSE, *real(2, 7), add_loss=_add),
        batch_size=3,
    )
case(
    "add-constant-sw",
    "add_loss and weights",
    "",
    simple(MSE, 2, add_loss={"kind": "constant", "value": 0.25}),
    sample_weight=WB,
)
case(
    "add-constant-two",
    "add_loss, two outputs, loss_weights",
    "",
    two(b={"add_loss": {"kind": "constant", "value": 0.25}}),
    loss_weights=[1.0, 10.0],
)
