"""Exports as TensorFlow Serving runs them: a graph and a session, restored by the graph's saver."""

import numpy as np
import pytest
import tensorflow as tf


@pytest.mark.parametrize("kind", ["images", "texts", "sounds"])
def test_a_session_restores_each_signature(kind, request, exports, loaded, digits):
    name = request.getfixturevalue(kind)
    wave = np.zeros((1_024, 1), np.int16)
    wave[::9] = 9_000
    examples = {
        "images": digits[:2],
        "image_bytes": np.array([tf.io.encode_png(digits[0]).numpy()] * 2, object),
        "texts": np.array([b"a good film", b""], object),
        "sounds": wave[None],
        "sound_bytes": np.array([tf.audio.encode_wav(wave / 32_768, 8_000).numpy()], object),
    }
    graph = tf.Graph()
    found = {}
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        restored = tf.compat.v1.saved_model.load(session, ["serve"], str(exports / name / "1"))
        for signature in loaded[name]:
            stated = restored.signature_def[signature]
            ((given, info),) = stated.inputs.items()
            fetched = {output: stated.outputs[output].name for output in stated.outputs}
            found[signature] = given, session.run(fetched, {info.name: examples[given]})
    for signature, (given, outputs) in found.items():
        wanted = loaded[name][signature](**{given: tf.constant(examples[given])})
        assert outputs.keys() == wanted.keys()
        for output, values in outputs.items():
            if values.dtype == object:
                assert np.array_equal(values, wanted[output].numpy())
            else:
                assert np.allclose(values, wanted[output], atol=1e-5)
