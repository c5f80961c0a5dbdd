import pytest

from cnnzoo.export.card import interval, markdown
from cnnzoo.export.card_header import header


def test_the_interval_is_wilsons():
    # Newcombe 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E,
    # table I, method 3.
    assert interval(81 / 263, 263) == pytest.approx([0.2553, 0.3662], abs=1e-4)
    assert interval(0.0, 20) == pytest.approx([0.0, 0.1611], abs=1e-4)


def test_the_card_for_people_states_accuracy_limits_and_use(classifier):
    seeds = {"n": 5, "accuracy_mean": 0.993, "accuracy_std": 0.001}
    text = markdown({**classifier.card, "metrics": {**classifier.card["metrics"], "seeds": seeds}})
    assert text.startswith("---\n")
    assert "\n---\n\n# mnist_lenet5\n" in text
    for part in (
        "61,706 parameters, 416,520 multiply-adds",
        "95% confidence interval",
        "Mean accuracy of 5 runs of the recipe: 99.30% ± 0.10%.",
        "CC BY-SA 3.0",
        "calls an input unknown that is unlike its training data",
        "cnnzoo.load('mnist_lenet5').predict",
        "curl localhost:8501/v1/models/mnist_lenet5:predict",
    ):
        assert part in text


def test_the_header_is_what_a_site_of_models_reads(classifier):
    hub = pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")
    card = {**classifier.card, "dataset": "mnist"}
    data = hub.ModelCard(markdown(card)).data
    assert (data.license, data.library_name) == ("cc-by-sa-3.0", "cnnzoo")
    assert (data.pipeline_tag, data.datasets, data.metrics) == (
        *("image-classification", ["mnist"], ["accuracy"]),
    )
    assert data.model_name == "mnist_lenet5"
    (result,) = data.eval_results
    assert (result.task_type, result.dataset_type) == ("image-classification", "mnist")
    assert (result.dataset_split, result.metric_type) == ("test", "accuracy")
    assert result.metric_value == card["metrics"]["test"]["accuracy"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "mit"),
        ("CC BY 4.0; see datasets/NOTICE.md", "cc-by-4.0"),
        ("CC BY-SA 4.0", "cc-by-sa-4.0"),
        ("none stated; the authors ask to be cited", "unknown"),
        ("", "unknown"),  # Of your own data.
        ("for non-commercial use only", "other"),
    ],
)
def test_licenses_have_the_names_of_the_site(classifier, text, expected):
    # https://huggingface.co/docs/hub/repositories-licenses
    assert f'license: "{expected}"\n' in header({**classifier.card, "data_license": text})


def test_the_header_of_texts_your_data_and_an_unfinished_run(classifier):
    metrics = {name: one for name, one in classifier.card["metrics"].items() if name != "test"}
    card = {**classifier.card, "dataset": "mine", "input": {"shape": []}, "metrics": metrics}
    assert header(card).splitlines() == [
        'license: "cc-by-sa-3.0"',
        'library_name: "cnnzoo"',
        'pipeline_tag: "text-classification"',
        'metrics: ["accuracy"]',
    ]
