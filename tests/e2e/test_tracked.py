"""`make run SCENARIO=tracked`: every fate that a request's event can have, on the embedded AWS."""

import pytest

from tests.e2e.test_run import Finished, run

#: one request for each fate in each of two groups, and one more whose answer gets lost
TRACKED = {
    "before_answer: CONFIRMED": 2,
    "late: CONFIRMED": 2,
    "never: RECONCILED": 2,
    "never_nor_effect: CONFIRMED": 2,
    "on_time: CONFIRMED": 3,
    "twice: CONFIRMED": 2,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run(tmp_path_factory.mktemp("tracked"), SCENARIO="tracked")


def test_every_request_reaches_the_state_that_its_events_fate_requires(
    finished: Finished,
) -> None:
    assert finished.code == 0, finished.said
    assert finished.row["tracked"] == TRACKED


def test_no_event_that_a_request_caused_is_written(finished: Finished) -> None:
    """The account knows every event that was to be written; an effect of any other is wrong."""
    assert finished.row["caused_events"] > len(TRACKED)
    assert finished.row["duplicate_effects"] == 0
    assert finished.row["lost"] == 0


def test_no_key_and_no_correlation_id_was_used_twice(finished: Finished) -> None:
    assert not finished.row["violations"]
