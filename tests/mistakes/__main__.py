"""`make mistakes`: every mistake of mistakes.toml, planted one at a time, and what became of it."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.mistakes.planting import Verdict, copied, judge, mistakes


def main(words: list[str]) -> int:
    """Those that hold one of the words, or all. Exit code 1 unless all are caught."""
    chosen = [
        each
        for each in mistakes()
        if not words or any(word in f"{each.name} {each.file}" for word in words)
    ]
    counts: Counter[Verdict] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        for number, mistake in enumerate(chosen, 1):
            verdict = judge(mistake, copy)
            counts[verdict] += 1
            print(f"{number:3} of {len(chosen)}  {verdict:8}  {mistake.name} ({mistake.file})")
            sys.stdout.flush()
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return int(counts["caught"] < len(chosen) or not chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
