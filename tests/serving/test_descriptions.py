import json

import pytest
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

VERSION = {
    "version": "1",
    "state": "AVAILABLE",
    "status": {"error_code": "OK", "error_message": ""},
}


def printed(message):
    """Return what TensorFlow Serving prints of a message: all fields, by their own names."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def test_status_is_printed_as_tensorflow_serving_prints_it(client, images):
    apis = pytest.importorskip("tensorflow_serving.apis.get_model_status_pb2")
    status = apis.GetModelStatusResponse()
    one = status.model_version_status.add(version=1, state="AVAILABLE")
    one.status.SetInParent()
    for path in (f"/v1/models/{images}", f"/v1/models/{images}/versions/1"):
        found = client.get(path).json()
        assert found == printed(status) == {"model_version_status": [VERSION]}


def test_metadata_is_printed_as_tensorflow_serving_prints_it(client, images, exports):
    apis = pytest.importorskip("tensorflow_serving.apis.get_model_metadata_pb2")
    content = (exports / images / "1" / "saved_model.pb").read_bytes()
    saved = saved_model_pb2.SavedModel.FromString(content)
    signatures = apis.SignatureDefMap(signature_def=saved.meta_graphs[0].signature_def)
    asked = apis.GetModelMetadataResponse()
    asked.model_spec.name = images
    asked.model_spec.version.value = 1
    for path in (f"/v1/models/{images}/metadata", f"/v1/models/{images}/versions/1/metadata"):
        found = client.get(path).json()
        assert found["model_spec"] == printed(asked.model_spec)
        assert found["metadata"] == {"signature_def": printed(signatures)}
    described = found["metadata"]["signature_def"]["signature_def"]["serving_default"]
    sizes = [one["size"] for one in described["inputs"]["images"]["tensor_shape"]["dim"]]
    assert sizes == ["-1", "28", "28", "1"]


def test_the_list_of_models_has_their_versions_and_cards(client, exports):
    models = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == sorted(path.name for path in exports.iterdir())
    for model in models:
        card = exports / model["name"] / "1" / "assets.extra" / "card.json"
        assert model["versions"] == ["1"]
        assert model["card"] == json.loads(card.read_text())


def test_health(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_metrics_count_requests_by_model_version_signature_and_status(copy, images, serving):
    with serving(copy) as client:
        path = f"/v1/models/{images}:predict"
        blank = {"instances": [[[[0]] * 28] * 28]}
        for body in (blank, blank, {"instances": []}, {"signature_name": "no", "instances": [1]}):
            client.post(path, json=body)
        client.post("/v1/models/anything:predict", json=blank)
        pages = [client.get(path) for path in ("/metrics", "/monitoring/prometheus/metrics")]
    assert pages[0].headers["content-type"].startswith("text/plain; version=")
    lines = pages[1].text.splitlines()

    def count(model, version, signature, status):
        labels = f'model="{model}",signature="{signature}",status="{status}",version="{version}"'
        return f"cnnzoo_requests_total{{{labels}}}"

    assert f"{count(images, 1, 'serving_default', 200)} 2.0" in lines
    assert f"{count(images, 1, 'serving_default', 400)} 1.0" in lines
    assert f"{count(images, 1, '', 400)} 1.0" in lines
    assert f"{count('', '', '', 404)} 1.0" in lines
    assert f'cnnzoo_version_loaded{{model="{images}",version="1"}} 1.0' in lines
    named = f'{{model="{images}",signature="serving_default",version="1"}}'
    assert f"cnnzoo_request_seconds_count{named} 3.0" in lines
    assert "anything" not in pages[1].text


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/v1/models", "/"])
def test_what_can_be_read_has_a_head(client, path):
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
