"""`make mistakes`: mistakes planted one at a time, and what became of each: those of mistakes.toml,
or a random sample of all small ones."""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mistakes.lines import Ran, measured
from tests.mistakes.planting import PROJECT, Copies, judge, mistakes, mistyped, tried
from tests.mistakes.sampling import SUITES, Slip, equivalents, objectors, sample


def main(arguments: list[str]) -> int:
    """Tries those that contain one of the words, or all. Exit code 1 unless the whole list is
    caught, or the share FLOOR of a sample."""
    parser = argparse.ArgumentParser(prog="make mistakes")
    parser.add_argument("words", nargs="*")
    parser.add_argument(
        "--sample", type=int, default=0, help="this many at random, instead of the list"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if given.sample:
            return _sample(sample(given.sample, given.seed, given.words), Path(folder))
        return _listed(given.words, Copies(Path(folder)))


def _listed(words: list[str], copies: Copies) -> int:
    chosen = [
        each
        for each in mistakes()
        if not words or any(word in f"{each.name} {each.file}" for word in words)
    ]
    counts: Counter[str] = Counter()
    for number, mistake, verdict in copies.each(chosen, judge):
        counts[verdict] += 1
        _say(f"{number:3} of {len(chosen)}  {verdict:8}  {mistake.name} ({mistake.file})")
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return int(counts["caught"] < len(chosen) or not chosen)


#: the share of a sample that has to be caught, not counting those that change nothing
FLOOR = 0.85


def _sample(slips: list[Slip], folder: Path) -> int:
    rooms = {slip.room for slip in slips}
    suites = [suite for room in sorted(rooms) for suite in SUITES[room]]
    ran = measured(suites, rooms, _say)
    copies = Copies(folder)  # with the bytecode that measuring has left
    counts: Counter[str] = Counter()
    for number, slip, by in copies.each(slips, lambda slip, copy: _caught_by(slip, ran, copy)):
        counts[by] += 1
        told = slip.told((PROJECT / slip.file).read_text(encoding="utf-8"))
        _say(f"{number:3} of {len(slips)}  {by:24}  {told}")
    print(", ".join(f"{count} {by}" for by, count in sorted(counts.items())))
    judged = len(slips) - counts["changes nothing"]
    return int(judged == 0 or (judged - counts["survived"]) / judged < FLOOR)


def _caught_by(slip: Slip, ran: Sequence[Ran], copy: Path) -> str:
    """The nearest tests, the type checker, other tests, or nothing."""
    text = (copy / slip.file).read_text(encoding="utf-8")
    if slip.named(text) in equivalents():
        return "changes nothing"
    planted = slip.planted_in(text)
    by = objectors(slip, ran)

    def is_caught(tests: Sequence[str]) -> bool:
        return bool(tests) and tried(slip.file, planted, tests, copy) != "survived"

    if is_caught(by.nearest):
        return "the nearest tests"
    if mistyped(slip.file, planted, copy):
        return "the type checker"
    if is_caught(by.others) or is_caught(by.at_last):
        return "other tests"
    return "survived"


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
