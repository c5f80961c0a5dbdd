"""Pictures show what they were given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from cnnzoo import inspection, plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.plots.base import colors, shown
from cnnzoo.inspection.strongest import NearestExamples

RNG = np.random.default_rng(0)


def images_of(axes):
    return [np.asarray(image.get_array()) for image in axes.get_images()]


def words_of(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def assert_drawn(figure, title):
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == title
    assert plot_style.png(figure).startswith(b"\x89PNG")


def test_floats_are_stretched_a_channel_each():
    images = np.array([[[[0.0, 10, 5]]], [[[2, 30, 5]]]])
    assert np.allclose(shown(images), [[[[0, 0, 0]]], [[[1, 1, 0]]]])
    assert np.allclose(shown(np.array([[[[0], [255]]]], np.uint8)), [[[0, 1]]])
    assert shown(np.zeros((1, 2, 2, 5))).shape == (1, 2, 2)


def test_zero_is_in_the_middle_where_there_are_signs():
    how = colors(np.array([-1.0, 3]))
    assert (how["vmin"], how["vmax"], how["cmap"]) == (-3, 3, plot_style.SIGNED)
    how = colors(np.array([0.0, 3]))
    assert (how["vmin"], how["vmax"], how["cmap"]) == (0, 3, plot_style.MAGNITUDE)
    assert colors(np.array([1.0]), signed=True)["vmin"] == -1


def test_each_pair_of_an_input_and_an_output_has_a_kernel():
    kernels = RNG.normal(size=(3, 3, 2, 4))
    figure = inspection.draw_filters(kernels, "conv2")
    assert_drawn(figure, "Filters of conv2, 3 x 3 x 2 x 4")
    drawn = images_of(figure.axes[0])
    assert len(drawn) == 8
    assert np.allclose(drawn[3], kernels[..., 1, 1])
    assert words_of(figure)[3] == "1→1"


def test_kernels_over_three_channels_are_in_color_around_gray():
    kernels = RNG.normal(size=(3, 3, 3, 4))
    drawn = images_of(inspection.draw_filters(kernels, "conv1").axes[0])
    assert len(drawn) == 4
    assert np.allclose(drawn[2] - 0.5, kernels[..., 2] / (2 * np.abs(kernels).max()))


def test_many_kernels_are_cut_and_the_title_says_so():
    figure = inspection.draw_filters(RNG.normal(size=(3, 3, 20, 30)), "conv2")
    assert "the first 8 inputs and 8 outputs" in figure.get_suptitle()
    assert len(images_of(figure.axes[0])) == 64
    figure = inspection.draw_filters(RNG.normal(size=(80, 1, 100)), "conv1")
    assert figure.get_suptitle() == "Filters of conv1, 80 x 1 x 100: the first 64 of 100"


def test_maps_of_images_and_of_sounds():
    maps = RNG.normal(size=(5, 6, 3))
    figure = inspection.draw_feature_maps(maps, "conv1")
    assert_drawn(figure, "Feature maps of conv1, 5 x 6 x 3")
    assert np.allclose(images_of(figure.axes[0]), np.moveaxis(maps, -1, 0))
    figure = inspection.draw_feature_maps(maps[0], "conv1")
    assert np.allclose(images_of(figure.axes[0])[0], maps[0].T)
    assert figure.axes[0].get_xlabel() == "position"


@pytest.mark.parametrize("sides", [(9,), (4, 5)])
def test_inputs_of_units_are_named(sides):
    figure = inspection.draw_units(RNG.normal(size=(3, *sides, 1)), "logits", ["a", "b", "c"])
    assert_drawn(figure, "Inputs that maximize logits")
    names = words_of(figure) if len(sides) == 2 else [axes.get_ylabel() for axes in figure.axes]
    assert names == ["a", "b", "c"]


@pytest.mark.parametrize("sides", [(9,), (4, 5)])
def test_explanations_have_a_column_each(sides):
    inputs = RNG.normal(size=(2, *sides, 3))
    heats = {"Grad-CAM": RNG.uniform(size=(2, *sides)), "saliency": RNG.normal(size=inputs.shape)}
    figure = inspection.draw_explanations(inputs, heats, ["cat", "dog"])
    assert plot_style.png(figure)
    titles = [axes.get_title() for axes in figure.axes[:3]]
    assert titles == ["input", "Grad-CAM", "saliency"]
    assert [figure.axes[place].get_ylabel() for place in (0, 3)] == ["cat", "dog"]
    drawn = [np.squeeze(image) for image in images_of(figure.axes[4])]
    assert any(one.shape == sides and np.allclose(one, heats["Grad-CAM"][1]) for one in drawn)
    drawn = [np.squeeze(image) for image in images_of(figure.axes[2])]
    summed = heats["saliency"][0].sum(axis=-1)
    assert any(one.shape == sides and np.allclose(one, summed) for one in drawn)


def test_explanations_have_a_color_bar_for_each_kind_of_heat():
    inputs, heat = RNG.normal(size=(2, 4, 5, 1)), RNG.uniform(size=(2, 4, 5))
    both = inspection.draw_explanations(inputs, {"a": heat, "b": heat - 0.5, "c": heat}, "xy")
    assert ticks_of(both.axes[8:]) == [["0", "most"], ["-most", "0", "+most"]]
    assert ticks_of(inspection.draw_explanations(inputs, {"a": heat}, "xy").axes[4:]) == [
        ["0", "most"]
    ]


def ticks_of(bars):
    return [[label.get_text() for label in axes.get_yticklabels()] for axes in bars]


def test_a_patch_over_the_edge_keeps_its_place():
    images = RNG.uniform(size=(2, 9, 9, 1))
    boxes = np.array([[[0, 3], [2, 7]], [[3, 8], [6, 9]]])
    found = NearestExamples(np.arange(2), np.ones(2), boxes[..., 0], boxes, [])
    figure = inspection.draw_nearest_examples(found, images, "conv1", 0)
    first, second = figure.axes[2:]  # Patches of 5 by 5, over the top and over the right edge.
    assert (first.get_xlim(), first.get_ylim()) == ((-0.5, 4.5), (2.5, -2.5))
    assert (second.get_xlim(), second.get_ylim()) == ((-0.5, 4.5), (4.5, -0.5))


def test_nearest_examples_have_frames_and_patches(networks):
    images = networks.images(5)
    found = inspection.nearest_examples(networks.flat(), images, "conv1", 2, count=3)
    figure = inspection.draw_nearest_examples(found, images, "conv1", 2)
    assert plot_style.png(figure)
    assert "unit 2 of conv1" in figure.get_suptitle()
    frame = figure.axes[0].patches[0]
    (top, bottom), (left, right) = found.boxes[0]
    assert frame.get_bbox().bounds == (left - 0.5, top - 0.5, right - left, bottom - top)
    assert images_of(figure.axes[3])[0].shape == (bottom - top, right - left)


def test_a_randomization_has_a_row_per_method_and_a_column_per_state(networks):
    model, images = networks.flat(), networks.images(2)
    found = [
        inspection.randomization_test(model, images, method, steps=2)
        for method in ("saliency", "grad_cam")
    ]
    figure = inspection.draw_randomization(found, images[0])
    assert plot_style.png(figure)
    grid = np.reshape(figure.axes, (2, 4))
    assert [axes.get_title() for axes in grid[0]] == ["input", "trained", "logits", "conv1"]
    assert [row[0].get_ylabel() for row in grid] == ["saliency", "grad\ncam"]
    for row, one in zip(grid, found, strict=True):
        below = [float(axes.get_xlabel()) for axes in row[2:]]
        assert np.allclose(below, one.rank_correlations, atol=0.005)
    drawn = [np.squeeze(image) for image in images_of(grid[0, 3])]
    assert any(np.allclose(one, found[0].heats[2, 0].sum(axis=-1)) for one in drawn)
    other = found[1]._replace(layers=["logits"])
    with pytest.raises(CnnzooError, match="^found must be of tests that randomized the same lay"):
        inspection.draw_randomization([found[0], other], images[0])
    with pytest.raises(CnnzooError, match="^found must be of at least one test; got none$"):
        inspection.draw_randomization([], images[0])


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(CnnzooError, match="^kernels must have rank 3 or 4 to be drawn; got shape"):
        inspection.draw_filters(np.zeros((2, 2, 2, 1, 1)), "conv1")
    with pytest.raises(CnnzooError, match=r"^heat 'x' must have shape \[1, 2, 2\], that of the"):
        inspection.draw_explanations(np.zeros((1, 2, 2, 1)), {"x": np.zeros((1, 3, 3))}, ["a"])


def test_public_names_are_functions_even_when_all_modules_are_imported():
    import importlib
    import pkgutil

    for module in pkgutil.iter_modules(inspection.__path__):
        importlib.import_module(f"cnnzoo.inspection.{module.name}")
    assert all(callable(getattr(inspection, name)) for name in inspection.__all__)
