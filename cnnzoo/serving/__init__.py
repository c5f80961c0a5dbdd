"""An HTTP server for exported models, which speaks TensorFlow Serving's REST API.

Source: https://www.tensorflow.org/tfx/serving/api_rest. Clients of `cnnzoo serve saved_models/`
work with TensorFlow Serving without a change; only the page and GET /v1/models are additions.
docs/guides/serving.md lists the addresses, with examples of requests.

Every version whose folder is there is loaded and can be requested; without a number, the newest
that could be loaded predicts. TensorFlow Serving does so with `model_version_policy { all {} }`.
"""
