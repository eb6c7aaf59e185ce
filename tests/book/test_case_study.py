"""The thresholds of chapter 12 rest on its metric; riddle.py trains the chapter's nets."""

import numpy as np

from tests.book.riddle import run


def test_the_metric_of_the_chapter_is_the_iou_of_arg_max():
    """An independent path to `OneHotIoU`."""
    book = run("world", "price", "net")
    p = np.random.default_rng(0).uniform(size=book["truth"].shape).astype("float32")
    true, guessed = book["new_labels"], p.argmax(-1)
    expected = [
        np.sum((true == c) & (guessed == c)) / np.sum((true == c) | (guessed == c))
        for c in range(5)
    ]
    np.testing.assert_allclose(book["iou"](p), expected, rtol=1e-6)
