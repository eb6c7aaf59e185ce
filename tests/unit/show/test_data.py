"""The synthetic data sets: what they promise, and what they refuse."""

import numpy as np
import pytest

from lossbook import data


def test_a_seed_gives_the_same_scenes_again():
    again = [data.segmentation(12, size=32, seed=3) for _ in range(2)]
    np.testing.assert_array_equal(again[0][0], again[1][0])
    np.testing.assert_array_equal(again[0][1], again[1][1])
    other = data.segmentation(12, size=32, seed=4)
    assert (other[1] != again[0][1]).any()


def test_shapes_and_dtypes():
    images, labels = data.segmentation(3, size=48, seed=0)
    assert images.shape == (3, 48, 48, 3)
    assert images.dtype == np.float32
    assert labels.shape == (3, 48, 48)
    assert labels.dtype == np.int32
    assert set(np.unique(labels)) == set(range(len(data.CLASSES)))


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_four_classes_are_common_and_one_is_rare(seed):
    """The spot: in one image of ten, and less than 0.2 % of all pixels."""
    labels = data.segmentation(100, size=64, seed=seed)[1]
    share = np.bincount(labels.ravel()) / labels.size
    assert share[:4].min() > 0.05
    assert 0.001 < share[4] < 0.002
    with_spot = np.flatnonzero((labels == 4).any(axis=(1, 2)))
    np.testing.assert_array_equal(with_spot, np.arange(0, 100, data.RARE))


def test_another_size_shows_the_same_scenes():
    """Away from edges, a pixel of the coarse picture is what fills its place in the fine one."""
    coarse, fine = (data.segmentation(3, size=size, seed=5)[1] for size in (64, 128))
    blocks = fine.reshape(3, 64, 2, 64, 2).transpose(0, 1, 3, 2, 4).reshape(3, 64, 64, 4)
    inner = (blocks == blocks[..., :1]).all(axis=-1)
    assert inner.mean() > 0.9
    np.testing.assert_array_equal(blocks[..., 0][inner], coarse[inner])


def test_the_colours_tell_the_classes_apart_on_average_but_not_pixel_by_pixel():
    images, labels = data.segmentation(100, size=64, seed=1)
    means = np.array([images[labels == c].mean(axis=0) for c in range(5)])
    np.testing.assert_allclose(images[labels == 0].std(axis=0), 0.08, rtol=0.02)
    distance = np.linalg.norm(means[:, None] - means[None], axis=-1) + np.eye(5)
    assert distance.min() > 3 * 0.08
