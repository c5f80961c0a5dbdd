"""An HTTP server for exported models, which speaks TensorFlow Serving's REST API.

Source: https://www.tensorflow.org/tfx/serving/api_rest. Clients of `cnnzoo serve saved_models/`
work with TensorFlow Serving without a change:

    image='{"b64": "'$(base64 -w0 seven.png)'"}'
    curl -d '{"signature_name": "serving_bytes", "instances": ['"$image"']}' \
        http://127.0.0.1:8501/v1/models/mnist_lenet5:predict
    curl -d '{"instances": ["win a prize"]}' \
        http://127.0.0.1:8501/v1/models/sms_spam_text_cnn/versions/1:predict

In Python, with httpx (urllib.request.urlopen(address, json.dumps(body).encode()) does it too):

    body = {"instances": images.tolist()}  # uint8 [batch, height, width, channels]
    answer = httpx.post("http://127.0.0.1:8501/v1/models/mnist_lenet5:predict", json=body)
    answer.raise_for_status()
    labels = [prediction["label"] for prediction in answer.json()["predictions"]]

| request | answer |
|---|---|
| POST /v1/models/NAME[/versions/N]:predict | predictions, or outputs for inputs by column |
| GET /v1/models/NAME[/versions/N] | state of each version |
| GET /v1/models/NAME[/versions/N]/metadata | signatures |
| GET /v1/models | names, versions and cards of what is served; not in TensorFlow Serving |
| GET /healthz | whether the process runs |
| GET /metrics, /monitoring/prometheus/metrics | Prometheus metrics |
| GET / | the page |

Every version whose folder is there is loaded and can be requested; without a number, the newest
that could be loaded predicts. TensorFlow Serving does so with `model_version_policy { all {} }`.

Errors are {"error": "one sentence"}: 400 for wrong input, 404 for what does not exist, 405 for a
wrong method, 408 for a request that does not arrive in time, 413 for a body and 431 for headers
that are too large, 503 with Retry-After when there is too much to do.
"""
