"""Deployments agree with each other and with what `cnnzoo export` and `cnnzoo serve` do."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest

from cnnzoo.commands.parser import command_parser
from cnnzoo.weights import list_weights

yaml = pytest.importorskip("yaml")
text_format = pytest.importorskip("google.protobuf.text_format")

FOLDER = Path(__file__).parents[1] / "deploy"
MODEL = "mnist_lenet5"
PORT = command_parser().parse_args(["serve", "saved_models"]).port


def interpolated(text):
    """Return what Compose makes of `text` where no variable is set."""
    text = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", text)
    return text.replace("$$", "$")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(interpolated((FOLDER / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def kubernetes():
    """Kind -> object, of TensorFlow Serving."""
    return by_kind("kubernetes.yaml")


def by_kind(name):
    return {one["kind"]: one for one in yaml.safe_load_all((FOLDER / name).read_text())}


def container(objects):
    (found,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    return found


def test_the_model_whose_health_is_checked_is_one_that_can_be_exported():
    assert MODEL in list_weights()


def test_compose_and_kubernetes_configure_tensorflow_serving_alike(compose, kubernetes):
    service = compose["services"]["tensorflow-serving"]
    contents = {
        Path(one["target"]).name: compose["configs"][one["source"]]["content"]
        for one in service["configs"]
    }
    assert contents == kubernetes["ConfigMap"]["data"]
    assert service["entrypoint"] == container(kubernetes)["command"]
    assert service["image"] == container(kubernetes)["image"]


def test_ports_are_those_of_the_command(compose, kubernetes):
    assert f"--rest_api_port={PORT} " in compose["configs"]["start"]["content"]
    for service in compose["services"].values():
        assert service["ports"] == ["8500:8500", f"{PORT}:{PORT}"]
    for objects in (kubernetes, by_kind("openvino-model-server.yaml")):
        ports = {port["name"]: port["containerPort"] for port in container(objects)["ports"]}
        assert ports == {"grpc": 8500, "rest": PORT}
        exposed = {port["name"]: port["port"] for port in objects["Service"]["spec"]["ports"]}
        assert exposed == ports
        template = objects["Deployment"]["spec"]["template"]
        assert template["metadata"]["annotations"]["prometheus.io/port"] == str(PORT)
        assert objects["Service"]["spec"]["selector"] == template["metadata"]["labels"]


def test_the_script_serves_all_versions_of_each_model(kubernetes, tmp_path):
    config = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    for name in (MODEL, "sms_spam_text_cnn"):
        (tmp_path / "models" / name / "1").mkdir(parents=True)
    (tmp_path / "models" / ".new-x").mkdir()
    script = kubernetes["ConfigMap"]["data"]["start.sh"].replace("exec tensorflow_model", "echo t")
    for path in ("/models", "/tmp/models.config"):
        script = re.sub(rf"(?<![\w/]){path}(?=[/\s])", f"{tmp_path}{path}", script)
    (tmp_path / "tmp").mkdir()
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    text = (tmp_path / "tmp" / "models.config").read_text()
    parsed = text_format.Parse(text, config.ModelServerConfig())
    models = parsed.model_config_list.config
    assert [model.name for model in models] == [MODEL, "sms_spam_text_cnn"]
    for model in models:
        assert model.base_path == f"{tmp_path}/models/{model.name}"
        assert model.model_version_policy.HasField("all")


def test_metrics_are_where_they_are_looked_for(kubernetes):
    path = "/monitoring/prometheus/metrics"
    assert f"path: '{path}'" in kubernetes["ConfigMap"]["data"]["monitoring.config"]
    annotations = kubernetes["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == path


def test_health_is_that_of_the_model(compose, kubernetes):
    wanted = f"/v1/models/{MODEL}"
    assert wanted in compose["services"]["tensorflow-serving"]["healthcheck"]["test"][-1]
    served = container(kubernetes)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert served[probe]["httpGet"] == {"path": wanted, "port": "rest"}
    openvino = container(by_kind("openvino-model-server.yaml"))
    assert openvino["readinessProbe"]["httpGet"]["path"] == wanted


def test_openvino_is_started_alike_in_both(compose):
    arguments = container(by_kind("openvino-model-server.yaml"))["args"]
    assert compose["services"]["openvino-model-server"]["command"] == arguments
    assert f"--model_path=/models/{MODEL}" in arguments
    assert f"--rest_port={PORT}" in arguments


def test_the_compose_health_check_reads_the_state(compose, tmp_path):
    """Run against a socket that answers as TensorFlow Serving does."""
    *command, script = compose["services"]["tensorflow-serving"]["healthcheck"]["test"][1:]
    server = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        state = "AVAILABLE" if self.path == "/v1/models/mnist_lenet5" else "END"
        self.wfile.write(state.encode())
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
    with subprocess.Popen(
        ["python3", "-c", server], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        port = process.stdout.readline().strip()
        for model, code in ((MODEL, 0), ("other", 1)):
            tried = script.replace(str(PORT), port).replace(MODEL, model)
            assert subprocess.run([*command, tried], check=False, timeout=20).returncode == code
        process.kill()


def test_the_cluster_is_one_of_ray():
    pytest.importorskip("ray")
    jsonschema = pytest.importorskip("jsonschema")
    schema = Path(importlib.util.find_spec("ray").origin).parent / "autoscaler" / "ray-schema.json"
    cluster = yaml.safe_load((FOLDER / "ray-cluster.yaml").read_text())
    jsonschema.validate(cluster, json.loads(schema.read_text()))
    assert len(cluster["provider"]["worker_ips"]) == cluster["max_workers"]


def test_the_pods_of_the_job_are_those_of_kubernetes():
    validator = pytest.importorskip("kubernetes_validate")
    job = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        template = group["template"]
        named = {**template["metadata"], "name": "one"}
        pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": named}
        validator.validate(pod, "1.33", strict=True)


@pytest.mark.parametrize("name", ["ray-cluster.yaml", "rayjob.yaml"])
def test_what_a_cluster_runs_is_a_command(name):
    (words,) = re.findall(r"cnnzoo (reproduce [^'\n]*)", (FOLDER / name).read_text())
    arguments = command_parser().parse_args(words.split())
    assert (arguments.all, arguments.on) == (True, "ray")
