"""Reports the progress of a run of many tests: which suite begins, and how long each took."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pytest


def suite_of(nodeid: str) -> str:
    """The folder below tests, such as tests/unit; for a file in tests itself, tests."""
    *folders, _ = nodeid.split("::")[0].split("/")
    return "/".join(folders[:2])


class Suites:
    """A plugin of the process that reports. A run of one suite needs no such lines."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._began: dict[str, float] = {}

    def expect(self, nodeids: Iterable[str]) -> None:
        self._counts = Counter(map(suite_of, nodeids))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self.expect(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        suite = suite_of(nodeid)
        if suite not in self._began:
            self._began[suite] = self._clock()
            self._tell(f"{suite} begins: {self._counts[suite]} to run")

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        suite = suite_of(nodeid)
        self._done[suite] += 1
        if self._done[suite] == self._counts[suite]:
            self._tell(f"{suite} is done after {self._clock() - self._began[suite]:.0f} s")

    def _tell(self, sentence: str) -> None:
        if len(self._counts) > 1:
            self._say(sentence)


def told_by(config: pytest.Config) -> Suites:
    def say(sentence: str) -> None:
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(sentence)

    return Suites(say, time.monotonic)
