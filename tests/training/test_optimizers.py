import inspect

import keras
import numpy as np
import pytest

from cnnzoo.config.recipe import OPTIMIZERS, Recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.errors import CnnzooError
from cnnzoo.training.optimizers import optimizer

RECIPE = Recipe(
    model="lenet5",
    dataset="mnist",
    epochs=1,
    batch_size=1,
    learning_rate=0.1,
    optimizer="momentum",
)
KERNEL, BIAS = np.array([[3.0, -4.0]], np.float32), np.array([2.0], np.float32)
GRADIENTS = [np.array([[1.0, 2.0]], np.float32), np.array([-1.0], np.float32)]


def stepped(recipe, count, gradients=GRADIENTS):
    """Kernel and bias after `count` steps with the same gradients."""
    variables = [keras.Variable(KERNEL, name="kernel"), keras.Variable(BIAS, name="bias")]
    made = optimizer(recipe, variables, steps=count)
    for _ in range(count):
        made.apply(gradients, variables)
    return [np.asarray(variable) for variable in variables], made


def momentum(weight, gradient, count, rate=0.1, l2=0.0):
    """Sutskever's classical momentum, as He et al. 2015 train."""
    weight, velocity = weight.astype(float), 0.0
    for _ in range(count):
        velocity = 0.9 * velocity - rate * (gradient + l2 * weight)
        weight = weight + velocity
    return weight


def test_l2_is_added_to_the_gradient_of_kernels_before_momentum():
    (kernel, bias), _ = stepped(RECIPE.replace(l2=0.5), 3)
    assert kernel == pytest.approx(momentum(KERNEL, GRADIENTS[0], 3, l2=0.5), rel=1e-6)
    assert bias == pytest.approx(momentum(BIAS, GRADIENTS[1], 3), rel=1e-6)
    (_, bias), _ = stepped(RECIPE.replace(l2=0.5, decay_all=True), 3)
    assert bias == pytest.approx(momentum(BIAS, GRADIENTS[1], 3, l2=0.5), rel=1e-6)


def test_biases_of_normalization_learn_at_a_rate_of_their_own():
    recipe = RECIPE.replace(norm_bias_rate=8.0, l2=0.5)
    weights = {"kernel": KERNEL, "bias": BIAS, "beta": BIAS}
    variables = [keras.Variable(value, name=name) for name, value in weights.items()]
    made = optimizer(recipe, variables, steps=3)
    for _ in range(3):
        made.apply([*GRADIENTS, GRADIENTS[1]], variables)
    kernel, bias, beta = map(np.asarray, variables)
    assert kernel == pytest.approx(momentum(KERNEL, GRADIENTS[0], 3, l2=0.5), rel=1e-6)
    assert bias == pytest.approx(momentum(BIAS, GRADIENTS[1], 3), rel=1e-6)
    assert beta == pytest.approx(momentum(BIAS, GRADIENTS[1], 3, rate=0.8), rel=1e-6)
    message = "norm_bias_rate must be 1 unless optimizer is sgd, momentum, nesterov; got 8.0"
    with pytest.raises(CnnzooError, match=f"^{message}$"):
        RECIPE.replace(norm_bias_rate=8.0, optimizer="adam")


def test_a_network_saved_with_its_optimizer_loads_in_keras_alone(tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made = optimizer(RECIPE.replace(l2=0.5), network.trainable_variables, 1)
    network.compile(made, "mse")
    network.save(tmp_path / "own.keras")
    loaded = keras.saving.load_model(tmp_path / "own.keras")
    assert type(loaded.optimizer) is keras.optimizers.SGD


def test_float16_decays_too():
    zero = [np.zeros_like(gradient) for gradient in GRADIENTS]
    (kernel, _), _ = stepped(RECIPE.replace(l2=0.5, precision="float16"), 1, zero)
    # Keras casts nothing here: weights stay float32, and the loss's scale is taken out first.
    assert kernel == pytest.approx(momentum(KERNEL, 0.0, 1, l2=0.5), rel=1e-6)


def test_decoupled_decay_takes_rate_times_weight_from_kernels_alone():
    (kernel, bias), _ = stepped(RECIPE.replace(weight_decay=0.5), 1)
    assert kernel == pytest.approx(KERNEL * (1 - 0.1 * 0.5) - 0.1 * GRADIENTS[0], rel=1e-6)
    assert bias == pytest.approx(BIAS - 0.1 * GRADIENTS[1], rel=1e-6)


@pytest.mark.parametrize("name", ["adamw", "muon", "adam"])
def test_nothing_decays_unless_the_recipe_says_so(name):
    zero = [np.zeros_like(gradient) for gradient in GRADIENTS]
    (kernel, bias), _ = stepped(RECIPE.replace(optimizer=name), 2, zero)
    assert np.array_equal(kernel, KERNEL)
    assert np.array_equal(bias, BIAS)


def test_the_gradient_of_all_weights_together_is_clipped():
    (kernel, bias), _ = stepped(RECIPE.replace(clip_norm=0.6), 1)
    factor = 0.6 / 6**0.5  # The norm of (1, 2, -1) is the root of 6.
    assert kernel == pytest.approx(KERNEL - 0.1 * factor * GRADIENTS[0], rel=1e-5)
    assert bias == pytest.approx(BIAS - 0.1 * factor * GRADIENTS[1], rel=1e-5)


def test_the_average_of_the_weights():
    recipe = RECIPE.replace(optimizer="sgd", ema=0.75)
    (kernel, _), made = stepped(recipe, 2)
    first, second = KERNEL - 0.1 * GRADIENTS[0], KERNEL - 0.2 * GRADIENTS[0]
    variables = [keras.Variable(kernel), keras.Variable(BIAS)]
    made.finalize_variable_values(variables)
    # The average begins at the weights after the first step.
    expected = 0.75 * first + 0.25 * second
    assert np.asarray(variables[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_against_the_gradient(name):
    (kernel, bias), _ = stepped(RECIPE.replace(optimizer=name), 1)
    assert np.array_equal(np.sign(kernel - KERNEL), -np.sign(GRADIENTS[0]))
    assert np.array_equal(np.sign(bias - BIAS), -np.sign(GRADIENTS[1]))


def test_nesterov_differs_from_momentum_in_the_first_step():
    (kernel, _), _ = stepped(RECIPE.replace(optimizer="nesterov"), 1)
    assert kernel == pytest.approx(KERNEL - 1.9 * 0.1 * GRADIENTS[0], rel=1e-6)


def test_options_are_those_of_keras():
    recipe = RECIPE.replace(optimizer_options={"momentum": 0.5})
    assert optimizer(recipe, [keras.Variable(KERNEL)], 1).momentum == 0.5
    wrong = RECIPE.replace(optimizer_options={"momentun": 0.5})
    with pytest.raises(
        CnnzooError, match="option of momentum 'momentun' is unknown; did you mean momentum"
    ):
        optimizer(wrong, [keras.Variable(KERNEL)], 1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        *(
            ("momentum", {option: value}, f"must leave {option} to the recipe's field {field}; got")
            for option, value, field in [
                ("learning_rate", 0.1, "learning_rate"),
                ("global_clipnorm", 1.0, "clip_norm"),
                ("use_ema", True, "ema"),
                ("ema_momentum", 0.9, "ema"),
                ("weight_decay", 0.1, "weight_decay"),
            ]
        ),
        ("momentum", {"clipnorm": "a"}, ".clipnorm must be a finite number above 0; got 'a'"),
        ("momentum", {"momentum": 2.0}, ".momentum must be a number from 0 to below 1; got 2.0"),
        ("sgd", {"momentum": True}, ".momentum must be a number from 0 to below 1; got True"),
        ("sgd", {"nesterov": 1}, ".nesterov must be true or false; got 1"),
        ("adam", {"beta_1": -0.1}, ".beta_1 must be a number from 0 to below 1; got -0.1"),
        ("adam", {"epsilon": float("inf")}, ".epsilon must be a finite number above 0; got inf"),
        ("rmsprop", {"rho": None}, ".rho must be a number from 0 to below 1; got None"),
        ("muon", {"ns_steps": 0}, ".ns_steps must be a whole number of at least 1; got 0"),
        ("muon", {"exclude_layers": "logits"}, ".exclude_layers must be a list of names; got 'log"),
        ("sgd", {"gradient_accumulation_steps": 1}, " must be a whole number of at least 2; got 1"),
        ("sgd", {"clipnorm": 1.0, "clipvalue": 1.0}, "must be what Keras's SGD takes; got {'clip"),
        ("sgd", {"kwargs": {}}, "option of sgd 'kwargs' is unknown"),
    ],
)
def test_wrong_options_are_one_line(name, options, message):
    with pytest.raises(CnnzooError) as raised:
        optimizer(
            RECIPE.replace(optimizer=name, optimizer_options=options), [keras.Variable(KERNEL)], 1
        )
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_defaults_of_keras_are_allowed(name):
    made = optimizer(RECIPE.replace(optimizer=name), [keras.Variable(KERNEL)], 1)
    of_recipe = {"learning_rate", "global_clipnorm", "use_ema", "ema_momentum", "weight_decay"}
    options = {
        option: one.default
        for option, one in inspect.signature(type(made)).parameters.items()
        if option not in of_recipe | {"name", "kwargs"}
    }
    again = optimizer(
        RECIPE.replace(optimizer=name, optimizer_options=options), [keras.Variable(KERNEL)], 1
    )
    assert type(again) is type(made)


def test_a_schedule_is_followed_step_by_step():
    recipe = RECIPE.replace(
        optimizer="sgd", learning_rate=Steps(0.1, drops=(1,), factor=0.5), epochs=2
    )
    variables = [keras.Variable(KERNEL)]
    made = optimizer(recipe, variables, steps=2)
    found = []
    for _ in range(4):
        before = np.asarray(variables[0])
        made.apply([GRADIENTS[0]], variables)
        found.append(float((before - np.asarray(variables[0]))[0, 0]))
    assert found == pytest.approx([0.1, 0.1, 0.05, 0.05], rel=1e-4)


def test_float16_scales_the_loss():
    made = optimizer(RECIPE.replace(precision="float16"), [keras.Variable(KERNEL)], 1)
    assert isinstance(made, keras.optimizers.LossScaleOptimizer)
