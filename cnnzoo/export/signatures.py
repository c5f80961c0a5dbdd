"""What a SavedModel serves: signatures from raw or encoded input to named outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from cnnzoo.export.assembly import named, parts_of
from cnnzoo.export.litert import tokenizer_of
from cnnzoo.inspection.cams import explainer
from cnnzoo.inspection.graph import calls, graph
from cnnzoo.pipelines.input_types import RawTexts, raw_input

TOP = 5  # Classes with the highest scores that are named, or all if there are fewer.

Named = dict[str, tf.Tensor]


class ServingGraph(tf.Module):
    """The signatures of an artifact's model, by name, in `functions`.

    `serving_default` takes raw input, `serving_bytes` (but for texts) encoded input; both give
    `scores`, `class_id` and `label`, and `top_scores` and `top_labels` of the best five; of a
    network that can tell, also `known`, and the label "unknown" below the card's threshold.
    `serving_features` gives `features`, what enters the layer of the logits. `serving_explain`
    takes what a page can send, encoded input or texts, and gives, besides these,
    `network_input` or `tokens`, `heat` and perhaps `feature_maps`; see `inspection.explanation`.
    """

    def __init__(self, model: keras.Model, card: dict[str, Any]) -> None:
        """Trace nothing yet; `model` is what `assembly.connect` returned."""
        super().__init__()
        outputs, raw = _Outputs(model, card), raw_input(card["input"])
        functions: dict[str, tuple[Callable[[tf.Tensor], Named], tf.TensorSpec]]
        functions = {"serving_default": (outputs.predict, raw.spec)}
        encoded = raw.spec
        if not isinstance(raw, RawTexts):
            encoded = tf.TensorSpec([None], tf.string, name=raw.encoded)
            functions["serving_bytes"] = outputs.predict_encoded, encoded
        functions["serving_features"] = outputs.features, raw.spec
        functions["serving_explain"] = outputs.explain, encoded
        self.functions = {
            name: tf.function(function, input_signature=[spec], autograph=False)
            for name, (function, spec) in functions.items()
        }
        # TensorFlow's variables, not Keras's model: of that, servers in C++ restore copies which no
        # signature reads.
        self.weights = [variable.value for variable in model.variables]
        tokenizer = tokenizer_of(model)
        self.tables = [] if tokenizer is None else [tokenizer.table]


class _Outputs:
    """What the signatures compute."""

    def __init__(self, model: keras.Model, card: dict[str, Any]) -> None:
        self.model = model
        raw = raw_input(card["input"])
        self._name, self._dtype = raw.name, raw.spec.dtype
        if not isinstance(raw, RawTexts):  # Texts are never encoded.
            self._decode = tf.function(  # A graph of its own: to trace it takes a second.
                raw.decode, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
            )
        self._names = tf.constant(card["class_names"])
        self._top = min(TOP, len(card["class_names"]))
        parts = parts_of(model)
        self._before, network = parts.preprocessing, parts.network
        self._card = card
        self._explain = explainer(network)
        logits = graph(network).outputs[0]
        last = next(call for call in calls(network) if call.outputs[0] is logits)
        self._features = keras.Model(network.inputs[0], last.inputs[0])

    def predict(self, inputs: tf.Tensor) -> Named:
        """Return the prediction for raw `inputs`."""
        return self._named(self.model(self._checked(inputs), training=False))

    def predict_encoded(self, contents: tf.Tensor) -> Named:
        """Return the prediction for encoded images or sounds, strings `[batch]`."""
        return self.predict(self._decoded(contents))

    def features(self, inputs: tf.Tensor) -> Named:
        """Return what enters the layer of the logits, float32 `[batch, features]`."""
        values = self._features(self._prepared(self._checked(inputs)), training=False)
        size = values.shape[1:].num_elements()
        return {"features": tf.reshape(values, [-1, size])}

    def explain(self, inputs: tf.Tensor) -> Named:
        """Return the prediction for encoded images or sounds, or for texts, and its explanation."""
        tokenizer = tokenizer_of(self.model)
        raw = inputs if tokenizer is not None else self._decoded(inputs)
        values = self._prepared(raw)
        explanation = self._explain(values)
        del explanation["logits"]  # Of the image as it is, where several views of it answer.
        prediction = self._named(self.model(raw, training=False))
        given = {"network_input": values}
        if tokenizer is not None:  # The word or character of each token; padding is empty.
            given = {"tokens": tf.gather(tf.constant(tokenizer.names), values)}
        return {**prediction, **explanation, **given}

    def _checked(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return `inputs` once it is sure, while the graph runs, that they have the right shape.

        Servers in C++ pass on what they receive, and a network with global pooling takes any size.
        """
        # Without this, the graph's optimizer believes the signature and drops the check.
        unknown = tf.compat.v1.placeholder_with_default(inputs, None)
        wanted = ", ".join(map(str, inputs.shape[1:]))
        given = tf.strings.reduce_join(tf.strings.as_string(tf.shape(unknown)[1:]), separator=", ")
        message = f"{self._name} must have shape [batch, {wanted}]; got [batch, "
        right = tf.debugging.Assert(given == wanted, [message, given, "]"])
        with tf.control_dependencies([right]):
            return tf.identity(inputs)

    def _decoded(self, contents: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(self._decode, contents, fn_output_signature=self._dtype)

    def _prepared(self, values: tf.Tensor) -> tf.Tensor:
        for layer in self._before:
            values = layer(values)
        return values

    def _named(self, outputs: Any) -> Named:
        found = named(outputs)
        scores = found["scores"]
        class_id = tf.argmax(scores, axis=-1)
        top_scores, top = tf.math.top_k(scores, self._top)
        label = tf.gather(self._names, class_id)
        if "known" in found:  # By place: not all runtimes can choose between strings.
            below = found["known"] < self._card["unknown"]["threshold"]
            names = tf.concat([self._names, [self._card["unknown"]["label"]]], axis=0)
            last = tf.cast(len(self._card["class_names"]), class_id.dtype)
            label = tf.gather(names, tf.where(below, last, class_id))
        return {
            **found,
            "class_id": class_id,
            "label": label,
            "top_scores": top_scores,
            "top_labels": tf.gather(self._names, top),
        }
