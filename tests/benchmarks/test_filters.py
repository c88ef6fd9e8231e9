"""What a condition leaves out on the bus never reaches intake."""

from benchmarks.filters import QUEUES, UNSAID, WANTED, reaching


def test_only_what_is_wanted_reaches_intake() -> None:
    assert reaching(WANTED) == 1 / QUEUES


def test_what_the_bus_cannot_say_is_left_to_intake() -> None:
    assert reaching(UNSAID) == 1.0
