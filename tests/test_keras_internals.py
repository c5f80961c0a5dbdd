import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import keras_internals as internals

PRIVATE = re.compile(
    r"keras\.src\.\w+.* import |(from|import) (keras\.src|tensorflow\.python|tensorflow\.lite)"
    r"|(from|import) uvicorn\.|tensorflow\.python\.|\b(?!self\b|cls\b)\w+\)?"
    r"\._(?!asdict|replace|fields|make|cnnzoo_owner)[a-z]\w*"
)


def test_no_private_name_is_used_elsewhere():
    folder = Path(cnnzoo.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in folder.rglob("*.py")
        if path.name != "keras_internals.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if PRIVATE.search(line)
    ]
    assert not found


def test_nothing_is_imported_with_the_file():
    script = (
        "import sys, cnnzoo.keras_internals as it\nprint({'keras', 'tensorflow'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def network():
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5, seed=1, name="drop")])
    return keras.Sequential([keras.Input((3,)), inner, keras.layers.Dense(2, name="dense")])


def test_layers_at_any_depth():
    model = network()
    names = {layer.name for layer in internals.flatten_layers(model)}
    assert {"drop", "dense", model.name} <= names
    (drop,) = (one for one in internals.flatten_layers(model) if one.name == "drop")
    assert internals.seed_generators(model) == [drop.seed_generator]


def test_the_graph_of_a_model():
    model = network()
    nodes = internals.nodes_by_depth(internals.functional(model))
    assert len(nodes) == 3
    assert nodes[0][0].operation.name == "dense"
    assert internals.functional(keras.Sequential([keras.layers.Dense(2)])) is None
    assert internals.functional(keras.layers.Dense(2)) is None


def test_variables_without_values_are_forgotten():
    with keras.StatelessScope(initialize_variables=False):
        absent = keras.Variable(lambda shape, dtype: 1 / 0, shape=(2,))
    internals.forget_uninitialized_variables()
    keras.layers.Dense(1).build((None, 2))  # Keras would give `absent` its value here.
    assert absent.shape == (2,)


def test_shared_objects_are_one():
    shared = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 1},
        "registered_name": None,
        "shared_object_id": 7,
    }
    with internals.object_sharing():
        first, second = (keras.saving.deserialize_keras_object(dict(shared)) for _ in range(2))
    assert first is second


class Doubled:
    def call(self, inputs):
        return 2 * super().call(inputs)


class Negative:
    def call(self, inputs):
        return -super().call(inputs)


def test_a_subclass_is_saved_as_its_parent():
    layer = keras.layers.Dense(1, kernel_initializer="ones", name="one")
    plain = keras.saving.serialize_keras_object(layer)
    with internals.becoming(layer, Doubled):
        assert isinstance(layer, keras.layers.Dense)
        assert float(layer(np.ones((1, 3)))[0, 0]) == 6
        internals.become(layer, Doubled)  # Once more changes nothing.
        assert float(layer(np.ones((1, 3)))[0, 0]) == 6
        internals.become(layer, Negative)  # A subclass of a subclass.
        assert float(layer(np.ones((1, 3)))[0, 0]) == -6
        found = keras.saving.serialize_keras_object(layer)
    assert found["class_name"] == plain["class_name"]
    assert found["module"] == plain["module"]
    assert found["registered_name"] is plain["registered_name"] is None
    assert type(layer) is keras.layers.Dense
    assert internals.subclass(Doubled, keras.layers.Dense) is internals.subclass(
        Doubled, keras.layers.Dense
    )


def test_the_state_of_an_optimizer():
    variables = [keras.Variable([1.0]), keras.Variable([2.0])]
    adam = keras.optimizers.Adam(0.1, beta_1=0.75, beta_2=0.5)
    adam.build(variables)
    assert internals.trainable_variables(adam) == variables
    assert internals.variable_index(adam, variables[1]) == 1
    adam.apply([np.array([4.0]), np.array([8.0])], variables)
    moments = internals.adam_moments(adam, variables[1])
    assert [float(one[0]) for one in moments] == [0.25 * 8, 0.5 * 8**2]


def test_keras_sums_gradients_by_the_method_that_is_replaced():
    pairs = [(1, 2)]
    assert internals.SummedGradients()._all_reduce_sum_gradients(pairs) == pairs
    assert hasattr(keras.optimizers.SGD, "_all_reduce_sum_gradients")


def test_what_the_converter_raises():
    error = internals.converter_error()
    function = tf.function(
        lambda x: tf.raw_ops.Bincount(arr=x, size=4, weights=[1.0]),
        input_signature=[tf.TensorSpec([1], tf.int32)],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], function
    )
    with pytest.raises(error):
        converter.convert()


def test_a_frozen_function_has_no_variables():
    weight = tf.Variable(3.0)
    function = tf.function(lambda x: x * weight, input_signature=[tf.TensorSpec([], tf.float32)])
    frozen = internals.frozen(function.get_concrete_function())
    assert len(frozen.inputs) == 1
    assert float(frozen(tf.constant(2.0))[0]) == 6
    assert not any("Variable" in node.op for node in frozen.graph.as_graph_def().node)


def test_operations_are_known_by_name():
    assert internals.operation_definition("WriteFile").is_stateful
    assert not internals.operation_definition("MatMul").is_stateful
    assert internals.operation_definition("NoSuchOperation") is None
    math, text = internals.operation_modules(["math_ops", "string_ops"])
    assert hasattr(math, "MatMul")
    assert hasattr(text, "StringLower")


def test_what_is_overridden_of_a_connection():
    uvicorn = pytest.importorskip("uvicorn")
    pytest.importorskip("httptools")
    assert uvicorn.__version__
    protocol = internals.http_protocol()
    for name in (
        *("connection_made", "connection_lost", "data_received", "send_400_response"),
        *("on_message_begin", "on_headers_complete", "on_message_complete"),
    ):
        assert callable(getattr(protocol, name))
    assert internals.status_line(408).startswith(b"HTTP/1.1 408 ")


def test_fit_starts_at_the_epoch_that_it_is_given():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model._initial_epoch = 3  # As BackupAndRestore sets it.
    internals.forget_initial_epoch(model)
    ones = np.ones((2, 1))
    assert model.fit(ones, ones, initial_epoch=1, epochs=4, verbose=0).epoch == [1, 2, 3]
