"""Trials without training: what is drawn, who runs it, when it ends, and what a storage may be."""

import optuna
import pytest

from cnnzoo.config.recipe import get_recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.training.search_space import SearchSpace
from cnnzoo.training.trials import STORAGE, Pruning, Trials

OVER = {"learning_rate.peak": "1e-4..1:log", "batch_size": "16..256", "optimizer": "adam,sgd"}
FIGURES = {"state": "finished"}


def opened(folder, search="random", over=OVER, seed=0):
    recipe = get_recipe("mnist_lenet5").replace(seed=seed)
    space = SearchSpace(recipe, over)
    over = space.to_json()
    fields = {"over": over, "search": search, "by": "loss", "recipe": recipe.to_json()}
    return Trials(folder, space, fields)


def folder_of(folder):
    return lambda trial: folder / str(trial.number)


def drawn(folder, search, processes=1, limit=15, **options):
    """The parameters that were drawn, and told good where the rate is 0.01."""
    trials = [opened(folder, search, **options) for _ in range(processes)]
    for place in range(limit):
        one = trials[place % processes]
        with one.claim(limit, folder_of(folder)) as trial:
            assert trial.number == place
            value = abs(trial.params.get("learning_rate.peak", 0) - 0.01)
            one.tell(trial, value, FIGURES)
    with trials[0].claim(limit, folder_of(folder)) as trial:
        assert trial is None
    return [one.params for one in trials[0].all()]


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_what_is_drawn_depends_on_the_seed_and_not_on_the_process(search, tmp_path):
    first = drawn(tmp_path / "one", search)
    assert len({str(params) for params in first}) == 15
    assert drawn(tmp_path / "two", search, processes=2) == first
    assert drawn(tmp_path / "other", search, seed=1) != first


def test_a_grid_has_each_combination_once_by_any_number_of_processes(tmp_path):
    over = {"batch_size": "16,32,64", "optimizer": "adam,sgd"}
    found = drawn(tmp_path, "grid", processes=3, limit=6, over=over)
    assert len({(one["batch_size"], one["optimizer"]) for one in found}) == 6


def test_a_trial_is_run_by_one_process_until_it_ends(tmp_path):
    one, other = opened(tmp_path), opened(tmp_path)
    with one.claim(9, folder_of(tmp_path)) as first, other.claim(9, folder_of(tmp_path)) as second:
        assert (first.number, second.number) == (0, 1)
    with other.claim(9, folder_of(tmp_path)) as resumed:  # Nobody has told its end.
        assert resumed.number == 0
        assert resumed.params == first.params


def test_equal_trials_are_not_run_at_the_same_time(tmp_path):
    one, other = opened(tmp_path), opened(tmp_path)
    same = lambda trial: tmp_path / str(trial.number // 2)  # noqa: E731
    with one.claim(9, same) as first, other.claim(9, same) as third:
        assert (first.number, third.number) == (0, 2)
        one.tell(first, 1.0, FIGURES)
    with one.claim(9, same) as second:
        assert second.number == 1


def test_a_run_is_pruned_below_the_median_from_its_second_epoch_to_the_one_before_the_last(
    tmp_path,
):
    trials = opened(tmp_path)

    def epochs(losses):
        with trials.claim(9, folder_of(tmp_path)) as trial:
            callback = Pruning(trial, "loss")
            callback.set_params({"epochs": 4})
            try:
                for epoch, loss in enumerate(losses):
                    callback.on_epoch_end(epoch, {"val_loss": loss})
            except optuna.TrialPruned:
                trials.tell(trial, None, FIGURES)
                return epoch + 1
            trials.tell(trial, losses[-1], FIGURES)
            return epoch + 1

    assert [epochs([4, 3, 2, 1]) for _ in range(5)] == [4] * 5
    assert epochs([9, 3.1, 2, 1]) == 2
    assert epochs([9, 2.9, 2.1, 1]) == 3
    assert epochs([9, 2.9, 1.9, 9]) == 4
    assert [one.state.name for one in trials.all()[5:]] == ["PRUNED", "PRUNED", "COMPLETE"]


def test_what_an_interrupted_trial_has_reported_is_not_reported_again(tmp_path, recwarn):
    trials = opened(tmp_path)
    for _ in range(2):
        with trials.claim(1, folder_of(tmp_path)) as trial:
            callback = Pruning(trial, "loss")
            callback.set_params({"epochs": 4})
            callback.on_epoch_end(0, {"val_loss": 3.0})
    assert not recwarn.list
    assert trials.all()[0].intermediate_values == {0: 3.0}


def test_a_record_that_was_cut_off_is_dropped(tmp_path):
    first = drawn(tmp_path, "random", limit=3)
    with (tmp_path / STORAGE).open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    with opened(tmp_path).claim(4, folder_of(tmp_path)) as trial:
        assert trial.number == 3
    assert [one.params for one in opened(tmp_path).all()[:3]] == first


@pytest.mark.parametrize(
    "content",
    [b"hello", b"hello\n", b"{}\n", b"[]\n", b"\xff\xfe\n", b'{"op_code":0}\n', b"3\n4\n"],
)
def test_a_storage_that_is_no_sweep_s_is_refused_and_left_as_it_is(content, tmp_path):
    (tmp_path / STORAGE).write_bytes(content)
    with pytest.raises(CnnzooError, match="sweep.journal must be the storage of a sweep; it is"):
        opened(tmp_path)
    assert (tmp_path / STORAGE).read_bytes() == content


def test_a_storage_of_another_study_is_refused(tmp_path):
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / STORAGE))
    optuna.create_study(storage=optuna.storages.JournalStorage(backend), study_name="mine")
    with pytest.raises(CnnzooError, match="must be the storage of a sweep"):
        opened(tmp_path)


def test_another_sweep_in_the_folder_is_named(tmp_path):
    opened(tmp_path)
    opened(tmp_path)
    with pytest.raises(CnnzooError, match="holds one with another over and search and seed$"):
        opened(tmp_path, "tpe", {"batch_size": "16..256"}, seed=1)
