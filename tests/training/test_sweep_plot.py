import pytest

from cnnzoo.config.recipe import get_recipe
from cnnzoo.plot_style import png
from cnnzoo.training.search_space import SearchSpace
from cnnzoo.training.sweep_plot import draw_sweep

RATES = ("0.01", "0.03", "0.1", "0.3")


def row(state, rate, batch, accuracy, loss):
    fields = {"learning_rate.peak": rate, "batch_size": batch, "epochs": "3"}
    figures = {"validation_accuracy": accuracy, "validation_loss": loss}
    return {"state": state, "fields": fields, **figures}


ROWS = [
    row("finished", "0.03", "64", 1.0, 0.1),
    row("finished", "0.01", "256", 0.98, 0.2),
    row("pruned", "0.1", "64", 0.5, 1.5),
    row("failed", "0.3", "64", None, None),
]


@pytest.fixture
def space():
    over = {"learning_rate.peak": "0.001..1:log", "batch_size": "64,256", "epochs": "3"}
    return SearchSpace(get_recipe("mnist_lenet5"), over)


def points(axes):
    return {one.get_label(): one.get_offsets().tolist() for one in axes.collections}


@pytest.mark.parametrize(
    ("by", "heights"), [("accuracy", [1, 2, 50]), ("loss", [0.1, 0.2, 1.5])]
)  # No error is drawn at half of the fewest, 2%.
def test_each_varied_field_has_a_panel_of_all_runs_with_a_figure(space, by, heights):
    figure = draw_sweep("mine", space, ROWS, by)
    rate, batch = [axes for axes in figure.axes if axes.get_visible()]
    assert (rate.get_xlabel(), batch.get_xlabel()) == ("learning_rate.peak", "batch_size")
    best, other, pruned = heights
    found = points(rate)
    assert found["finished"] == [[0.03, pytest.approx(best)], [0.01, pytest.approx(other)]]
    assert found["pruned"] == [[0.1, pytest.approx(pruned)]]
    assert found["best"] == [[0.03, pytest.approx(best)]]
    assert points(batch)["finished"] == [[0, pytest.approx(best)], [1, pytest.approx(other)]]
    assert [label.get_text() for label in batch.get_xticklabels()] == ["64", "256"]
    assert figure.get_suptitle() == "mine: 4 trials, 1 without a figure"


def test_a_sweep_of_one_value_or_of_failures_is_drawn_too(space):
    one = SearchSpace(get_recipe("mnist_lenet5"), {"epochs": "3"})
    assert png(draw_sweep("mine", one, ROWS[:1], "accuracy"))
    assert png(draw_sweep("mine", space, ROWS[3:], "loss"))
    assert png(draw_sweep("mine", SearchSpace(get_recipe("mnist_lenet5"), {}), ROWS[:1], "loss"))
