"""Losses and ranks of predictions."""

from .data import BCE, DATA, MAE, MSE, SHORT
from .forms import case, simple

for _loss in DATA:
    for _rank in (1, 2, 3, 4):
        if _rank == 1 and _loss not in (MSE, BCE):
            continue
        if _rank > 2 and _loss not in SHORT:
            continue
        _more = {"squeeze": True} if _rank == 1 else {}
        if _loss == "huber":
            _more = {"options": {"delta": 0.5}}
        case(
            f"loss-{SHORT.get(_loss, _loss)}-r{_rank}",
            f"{_loss}, predictions of rank {_rank}",
            {1: "RANK1", 4: "ONES113"}.get(_rank, "CLASSES" if _loss == "huber" else ""),
            simple(_loss, _rank, **_more),
        )
case("loss-mse-r3-class", "the loss class", "CLASSES", simple(MSE, 3, form="class"))
case("loss-mae-r3-class", "the loss class", "CLASSES", simple(MAE, 3, form="class"))
case("loss-mae-r3-function", "the function", "", simple(MAE, 3, form="function"))
case("loss-mae-r2-class", "the loss class", "CLASSES", simple(MAE, 2, form="class"))
