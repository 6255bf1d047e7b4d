"""Tasks give the same results in order, here or in other processes."""

from __future__ import annotations

import operator
import os

import pytest

from fusionbench.engines import beside, default_workers, run_tasks


@pytest.mark.parametrize("workers", [1, 2, 50])
def test_results_come_in_order(workers) -> None:
    assert list(run_tasks(operator.neg, range(5), workers)) == [0, -1, -2, -3, -4]


def test_no_tasks_no_results() -> None:
    assert list(run_tasks(operator.neg, [], 2)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_reaches_the_caller(workers) -> None:
    with pytest.raises(TypeError):
        list(run_tasks(operator.neg, [1, "two"], workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_each_process_is_prepared(tmp_path, workers) -> None:
    made = tmp_path / "made"
    assert list(run_tasks(os.path.exists, [made] * 4, workers, made.touch)) == [True] * 4


def test_there_is_at_least_one_worker() -> None:
    assert default_workers() >= 1


def test_work_beside_gives_its_result_and_raises_its_error():
    def fails():
        raise FileNotFoundError("there is none")

    with beside(lambda: sum(range(5))) as result, beside(os.getpid, safe=False) as here:
        assert (result(), here()) == (10, os.getpid())
    with beside(fails) as result, pytest.raises(FileNotFoundError, match="there is none"):
        result()
