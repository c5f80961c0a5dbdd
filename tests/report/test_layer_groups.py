"""The parts that a network is drawn in: readable, and nothing is lost between them."""

import keras
import pytest

import cnnzoo
from cnnzoo.guard.shapes import without_values
from cnnzoo.inspection.plots.architecture import LENGTH, parts_of, rows_of
from cnnzoo.models import resnet_cifar
from cnnzoo.report.structure import described, map_layers


def rows(name, **options):
    with without_values():
        return rows_of(cnnzoo.create_model(name, **options))


def parts(name, **options):
    return parts_of(rows(name, **options))


def test_a_small_network_is_drawn_layer_by_layer():
    assert [part.name for part in parts("lenet5")] == [
        *("conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dense2", "logits")
    ]
    kinds = ["convolution", "pooling"] * 2 + ["other"] + ["dense"] * 3
    assert [part.kind for part in parts("lenet5")] == kinds


def test_a_deeper_one_is_drawn_by_unit_and_a_very_deep_one_by_stage():
    units = [f"stage{stage}_unit{unit}" for stage in (1, 2, 3) for unit in (1, 2, 3)]
    assert [part.name for part in parts("resnet20")] == ["stem", *units, "pool", "logits"]
    stages = ["stem", "stage1", "stage2", "stage3", "pool", "logits"]
    assert [part.name for part in parts("resnet110")] == stages
    assert len(parts("resnet50")) <= 26


@pytest.mark.parametrize("name", ["resnet20", "resnet56"])
def test_the_parts_have_all_parameters_and_multiply_adds(name):
    variant = resnet_cifar.VARIANTS[name]
    assert sum(part.params for part in parts(name)) == variant.params
    assert sum(part.macs for part in parts(name)) == variant.macs


def test_many_layers_without_stages_are_grouped_evenly():
    tensor = first = keras.Input((4,))
    for place in range(100):
        tensor = keras.layers.Dense(4, name=f"layer{place}")(tensor)
    found = parts_of(rows_of(keras.Model(first, tensor)))
    assert [len(part.layers) for part in found] == [4] * 25
    assert found[0].name == "layer0 to layer3"
    assert sum(part.params for part in found) == 100 * 20
    assert described(found[0]) == "4 Dense"


def test_a_network_over_texts_of_any_length_is_counted_for_fifty_tokens():
    any_length, fifty = (
        parts("text_cnn_rand", input_shape=(length,), vocabulary_size=9)
        for length in (None, LENGTH)
    )
    assert [part.macs for part in any_length] == [part.macs for part in fifty]


def test_maps_are_shown_from_the_first_activation_to_the_last():
    names = ["stem_relu", "stage2_unit2_relu1", "stage3_unit3_relu2"]
    found = map_layers(rows("resnet20"), 3)
    assert [found[0], found[-1]] == [names[0], names[-1]]
    assert len(found) == 3
    assert map_layers(rows("resnet20"), 1) == names[-1:]
    assert map_layers(rows("lenet5"), 3) == ["conv1", "conv2"]
    assert map_layers(rows("mlp"), 3) == []


def test_maps_after_squeeze_and_excitation_are_shown_and_its_gates_are_not():
    images = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="first")(images)
    gates = keras.layers.GlobalAveragePooling2D(keepdims=True)(maps)
    gates = keras.layers.Conv2D(4, 1, activation="sigmoid", name="gate")(gates)
    maps = keras.layers.Multiply()([maps, gates])
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="last")(maps)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps))
    assert map_layers(rows_of(keras.Model(images, logits)), 3) == ["first", "last"]
