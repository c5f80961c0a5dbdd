import keras
import pytest

from cnnzoo.config.schedules import Cosine, OneCycle, Plateau, Steps
from cnnzoo.training.keras_schedules import keras_callbacks, keras_schedule


def test_cosine_rises_and_falls():
    schedule = keras_schedule(Cosine(0.4, warmup=0.25), 10, 10)
    rates = [float(schedule(step)) for step in (0, 10, 25, 50, 75, 100)]
    assert rates == pytest.approx([0, 0.16, 0.4, 0.3, 0.1, 0], abs=1e-6)
    rates = [float(keras_schedule(Cosine(0.4), 10, 10)(step)) for step in (0, 50, 100)]
    assert rates == pytest.approx([0.4, 0.2, 0], abs=1e-6)


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_one_cycle_rises_and_falls_in_straight_lines():
    schedule = keras_schedule(OneCycle(0.4, warmup=0.25, start=0.5, end=0.1), 10, 10)
    expected = [0.2, 0.28, 0.4, 0.4 * (1 - 0.9 / 3), 0.04, 0.04]
    assert rates(schedule, [0, 10, 25, 50, 100, 200]) == pytest.approx(expected)


def test_steps_drop_after_whole_epochs():
    schedule = keras_schedule(Steps(0.1, drops=(2, 3)), 5, 10)
    assert rates(schedule, [0, 19, 20, 29, 30, 49]) == pytest.approx(
        [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    )
    schedule = keras_schedule(Steps(0.1, drops=(2,), factor=0.5, warmup=1), 5, 10)
    assert rates(schedule, [0, 5, 10, 19, 20]) == pytest.approx([0, 0.05, 0.1, 0.1, 0.05])
    assert keras_schedule(Steps(0.1), 5, 10) == 0.1


def test_a_plateau_is_left_by_keras_callback():
    plateau = Plateau(0.1, factor=0.5, patience=2)
    assert keras_schedule(plateau, 5, 10) == 0.1
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    (callback,) = keras_callbacks(plateau)
    callback.set_model(model)
    callback.on_train_begin()
    found = []
    for epoch, loss in enumerate([3.0, 2.0, 2.0, 2.5, 2.0, 1.0]):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        found.append(float(model.optimizer.learning_rate.numpy()))
    assert found == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.05])


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (Cosine(0.1), 0.1),
        (Cosine(0.1, warmup=0.9), 0.1),
        (OneCycle(0.1), 0.1),
        (Steps(0.1, drops=(1,)), 0.1),
    ],
)
def test_a_run_of_one_step_has_a_finite_rate(value, rate):
    schedule = keras_schedule(value, 1, 1)
    assert float(schedule(0) if callable(schedule) else schedule) == pytest.approx(rate)


@pytest.mark.parametrize("steps", [2, 3, 5])
@pytest.mark.parametrize("value", [Cosine(0.1, warmup=0.9), OneCycle(0.1, warmup=0.9)])
def test_the_rates_of_short_runs_are_finite(value, steps):
    found = rates(keras_schedule(value, 1, steps), range(steps))
    assert all(0 <= rate <= 0.1 + 1e-7 for rate in found)
