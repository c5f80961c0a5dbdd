import numpy as np
import pytest

from cnnzoo import by_hand
from cnnzoo.by_hand import KERNELS
from cnnzoo.errors import CnnzooError


def filtered(image, name):
    return by_hand.convolve(np.asarray(image)[..., None], KERNELS[name][..., None, None])[..., 0]


def test_the_classics_are_there():
    classics = {"sobel_x", "sobel_y", "sharpen", "box_blur", "gaussian_blur", "high_pass"}
    assert {*classics, "laplacian", "emboss", "identity"} == set(KERNELS)
    assert all(kernel.shape == (3, 3) for kernel in KERNELS.values())


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_a_flat_image_stays_or_vanishes(name):
    edges = name.startswith("sobel") or name in ("laplacian", "high_pass")
    np.testing.assert_allclose(filtered(np.full((4, 4), 7), name), 0 if edges else 7, atol=1e-12)


def test_each_does_what_its_name_says():
    rows, columns = np.indices((7, 7))
    # On a slope, Sobel's kernels give eight times it, in their own direction only.
    assert (filtered(3 * columns, "sobel_x") == 24).all()
    assert (filtered(3 * columns, "sobel_y") == 0).all()
    assert (filtered(5 * rows, "sobel_y") == 40).all()
    # The second derivatives of a square along both sides are 2 each.
    assert (filtered(rows**2 + columns**2, "laplacian") == 4).all()
    # Eight neighbors: twice two along the sides and twice four along the diagonals.
    assert (filtered(rows**2 + columns**2, "high_pass") == -12).all()
    point = np.zeros((5, 5))
    point[2, 2] = 1
    for name in KERNELS:  # A point answers with the kernel turned around.
        np.testing.assert_array_equal(filtered(point, name), KERNELS[name][::-1, ::-1])
    image = np.random.default_rng(0).uniform(size=(6, 6))
    np.testing.assert_array_equal(filtered(image, "identity"), image[1:-1, 1:-1])
    sharper = image[1:-1, 1:-1] - filtered(image, "laplacian")
    np.testing.assert_allclose(filtered(image, "sharpen"), sharper)
    assert filtered(image, "box_blur")[0, 0] == pytest.approx(image[:3, :3].mean())


def test_gaussian_blur_is_binomial():
    np.testing.assert_array_equal(
        KERNELS["gaussian_blur"], np.outer(np.convolve([1, 1], [1, 1]), [1, 2, 1]) / 16
    )


def test_they_cannot_be_changed_by_mistake():
    with pytest.raises(ValueError, match="read-only"):
        KERNELS["sobel_x"][0, 0] = 5


def test_a_mistyped_name_gets_near_matches():
    with pytest.raises(CnnzooError, match="kernel 'sobelx' is unknown; did you mean sobel_x"):
        KERNELS["sobelx"]
