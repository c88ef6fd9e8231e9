"""What all tests share: properties are judged by what they find, never by how long they take."""

import os

import pytest
from hypothesis import settings

from emulator.isolation import keep_to_this_machine
from tests.suites import told_by

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Nor by the machine: no profile, key or proxy of its user takes part.
keep_to_this_machine(os.environ)

#: waits for alarms more than it works: begun first, it does not delay the others
LONGEST_WAIT = "tests/e2e/test_incident.py"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the workers of pytest-xdist report to their parent
        config.pluginmanager.register(told_by(config), "suites")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: end-to-end tests wait more than they compute."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST_WAIT))
