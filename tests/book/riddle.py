"""The riddle of chapter 12 and its remedy, trained from other seeds than the notebook's.

The cells of the notebook run as they stand, with another `SEED`. It takes a minute for each seed:
`make fuzz RIDDLE="1 3"`.
"""

from pathlib import Path

NOTEBOOK = Path(__file__).resolve().parents[2] / "book/12_case_study.ipynb"
SEED = "\nSEED = 2\n"


def run(*cells, seed=2):
    """Run some cells of the notebook; return what their names stand for."""
    import keras
    import nbformat
    import numpy as np
    from keras import ops

    import lossbook as lb

    sources = {c.id: c.source for c in nbformat.read(NOTEBOOK, as_version=4).cells}
    assert sources["world"].count(SEED) == 1
    book = {"keras": keras, "np": np, "ops": ops, "lb": lb}
    for cell in cells:
        exec(sources[cell].replace(SEED, f"\nSEED = {seed}\n"), book)
    return book


def problems(seed):
    """Loss below 0.03, four IoUs above 0.9, the rare one far below; mended, it is above 0.8."""
    book = run("world", "price", "net", "dice", "both", seed=seed)
    plain = book["train"]()
    loss = plain.evaluate(book["new_images"], book["truth"], verbose=0)
    lost = book["iou"](plain.predict(book["new_images"], verbose=0))
    mended = book["train"](book["weighted_and_dice"])
    found = book["iou"](mended.predict(book["new_images"], verbose=0))
    riddle = loss < 0.03 and min(lost[:4]) > 0.9 and lost[4] < min(lost[:4]) - 0.2
    remedy = min(found[:4]) > 0.85 and found[4] > 0.8
    if riddle and remedy:
        return []
    return [f"riddle {seed}: loss {loss}, IoUs {lost}; mended {found}"]
