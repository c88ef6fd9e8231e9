"""Processes for slow tests."""

import os
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.pool import Pool

import pytest

from simulation.trial import prepare_process


@pytest.fixture(scope="session")
def processes() -> Iterator[Pool]:
    with get_context("fork").Pool(min(4, os.cpu_count() or 1), prepare_process) as pool:
        yield pool
