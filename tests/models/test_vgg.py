"""Numbers of VGG from the paper's tables 1 and 2, and by hand."""

import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import vgg

# Table 1, column by column: rows and columns of a kernel and filters; 0 is a pooling.
TABLE_1 = {
    "vgg11": "3-64 0 3-128 0 3-256 3-256 0 3-512 3-512 0 3-512 3-512 0",
    "vgg13": "3-64 3-64 0 3-128 3-128 0 3-256 3-256 0 3-512 3-512 0 3-512 3-512 0",
    "vgg16_c": "3-64 3-64 0 3-128 3-128 0 3-256 3-256 1-256 0 3-512 3-512 1-512 0 "
    "3-512 3-512 1-512 0",
    "vgg16": "3-64 3-64 0 3-128 3-128 0 3-256 3-256 3-256 0 3-512 3-512 3-512 0 "
    "3-512 3-512 3-512 0",
    "vgg19": "3-64 3-64 0 3-128 3-128 0 3-256 3-256 3-256 3-256 0 3-512 3-512 3-512 3-512 0 "
    "3-512 3-512 3-512 3-512 0",
}
TABLE_2 = {"vgg11": 133, "vgg13": 133, "vgg16_c": 134, "vgg16": 138, "vgg19": 144}  # Millions.
GMACS = {"vgg11": 7.61, "vgg13": 11.31, "vgg16": 15.47, "vgg19": 19.63}  # torchvision.

every_variant = pytest.mark.parametrize("name", list(vgg.VARIANTS))


def column(name):
    return TABLE_1[name.removesuffix("_small").removesuffix("_bn")].split()


def kernels(name):
    """Shapes of the kernels of the convolutions that the paper's table lists."""
    sizes, seen = [], 3
    for entry in column(name):
        if entry != "0":
            size, filters = map(int, entry.split("-"))
            sizes.append((size, size, seen, filters))
            seen = filters
    return sizes


def dense(name):
    if name.endswith("_small"):
        return [(512, 10)]
    return [(7 * 7 * 512, 4096), (4096, 4096), (4096, 1000)]


def test_the_variants():
    deep, normalized = list(TABLE_1), [f"{name}_bn" for name in TABLE_1]
    small = [f"{name}_bn_small" for name in TABLE_1 if name != "vgg16_c"]
    assert list(vgg.VARIANTS) == deep + normalized + small


@every_variant
def test_parameters_follow_from_table_1(name):
    convolutions = sum(
        (rows * columns * seen + 1) * filters for rows, columns, seen, filters in kernels(name)
    )
    scales_and_shifts = sum(2 * filters for *_, filters in kernels(name)) if "_bn" in name else 0
    units = sum((seen + 1) * made for seen, made in dense(name))
    assert vgg.VARIANTS[name].params == convolutions + scales_and_shifts + units


@every_variant
def test_multiply_adds_follow_from_table_1(name):
    side = 32 if name.endswith("_small") else 224
    macs, shapes = sum(seen * made for seen, made in dense(name)), iter(kernels(name))
    for entry in column(name):
        if entry == "0":
            side //= 2
        else:
            rows, columns, seen, filters = next(shapes)
            macs += side**2 * rows * columns * seen * filters
    assert vgg.VARIANTS[name].macs == macs


def test_the_published_sizes():
    for name, millions in TABLE_2.items():
        assert round(vgg.VARIANTS[name].params / 1e6) == millions
    for name, gmacs in GMACS.items():
        assert round(vgg.VARIANTS[name].macs / 1e9, 2) == gmacs
    assert vgg.VARIANTS["vgg16_bn_small"].params == 14_728_266


@every_variant
def test_layers_stand_in_the_order_of_table_1(name):
    model = cnnzoo.create_model(name, input_shape=(32, 32, 3))
    expected, stage, place = [], 1, 1
    parts = ("conv", "bn", "relu") if "_bn" in name else ("conv", "relu")
    for entry in column(name):
        if entry == "0":
            expected.append(f"stage{stage}_pool")
            stage, place = stage + 1, 1
        else:
            expected += [f"stage{stage}_{part}{place}" for part in parts]
            place += 1
    hidden = ["dense1", "dropout1", "dense2", "dropout2"]
    expected += ["flatten", *(["dropout"] if name.endswith("_small") else hidden), "logits"]
    assert [layer.name for layer in model.layers[1:]] == expected
    made = [layer.kernel.shape for layer in model.layers if "_conv" in layer.name]
    assert made == kernels(name)


def test_weights_of_vgg16_come_in_the_order_of_the_published_ones():
    # A kernel and a bias each: 13 convolutions and 3 dense layers.
    model = cnnzoo.create_model("vgg16")
    shapes = [weight.shape for weight in model.weights if len(weight.shape) > 1]
    assert shapes == kernels("vgg16") + dense("vgg16")
    filters = [weight.shape[0] for weight in model.trainable_weights if len(weight.shape) == 1]
    assert filters == [shape[-1] for shape in shapes]
    pools = [model.get_layer(f"stage{stage}_pool").output.shape[1] for stage in range(1, 6)]
    assert pools == [112, 56, 28, 14, 7]


def test_initial_kernels_are_uniform_after_glorot_and_biases_zero():
    model = cnnzoo.create_model("vgg19_bn_small")
    for layer in model.layers:
        if not hasattr(layer, "kernel"):
            continue
        kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
        seen, made = np.prod(kernel.shape[:-1]), kernel.shape[-1] * np.prod(kernel.shape[:-2])
        limit = np.sqrt(6 / (seen + made))
        assert 0.98 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6), layer.name
        assert not bias.any()


def test_normalization_has_the_constants_of_torchvision():
    model = cnnzoo.create_model("vgg11_bn_small")
    constants = {(layer.momentum, layer.epsilon) for layer in model.layers if "_bn" in layer.name}
    assert constants == {(0.9, 1e-5)}


def test_dropout_is_one_half_unless_given():
    for name, count in (("vgg11", 2), ("vgg11_bn_small", 1)):
        for expected, options in ((0.5, {}), (0.2, {"dropout": 0.2})):
            model = cnnzoo.create_model(name, input_shape=(32, 32, 3), **options)
            rates = [layer.rate for layer in model.layers if hasattr(layer, "rate")]
            assert rates == [expected] * count


def test_the_smallest_images_leave_one_row_and_column():
    model = cnnzoo.create_model("vgg11", input_shape=(32, 32, 3))
    assert model.get_layer("flatten").output.shape == (None, 512)
    with pytest.raises(CnnzooError, match="must be at least 32x32 for vgg11"):
        cnnzoo.create_model("vgg11", input_shape=(32, 31, 3))


@pytest.mark.parametrize("wrong", [-0.1, 1, "much", None])
def test_dropout_must_be_a_fraction(wrong):
    with pytest.raises(CnnzooError, match=f"dropout must be at least 0 and below 1; got {wrong!r}"):
        cnnzoo.create_model("vgg11", dropout=wrong)
