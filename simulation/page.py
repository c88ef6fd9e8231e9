"""Writes the figures of a campaign into docs/guarantees.md: `python -m simulation.page`.

The figures are those of the last run: this module writes the parts of the page between
`<!-- name -->` and `<!-- /name -->`.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIGURES = Path("out/sim.json")
PAGE = Path("docs/guarantees.md")


def filled(page: str, told: Mapping[str, Any]) -> str:
    """The page with the figures of a campaign in it."""
    for name, text in (
        ("figures", _figures(told)),
        ("rivals", _rivals(told)),
        ("mistakes", _mistakes(told)),
    ):
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page = pattern.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)  # type: ignore[misc]
    return page


def _figures(told: Mapping[str, Any]) -> str:
    faults = told["faults"]
    broken = told["failures"] + len(told["crash_failures"])
    worlds = told["worlds"]
    rarest = min(faults, key=lambda kind: faults[kind])
    rows = (
        ("runs, each with its own world", f"{told['runs']:,}"),
        ("of these, small ones, with a quarter of the events", f"{worlds.get('small', 0):,}"),
        ("events published, not counting copies", f"{told['events']:,}"),
        ("delivered once", f"{told['delivered']:,}"),
        ("rejected by Genesys, given to a person", f"{told['rejected']:,}"),
        ("given to a person for another reason", f"{told['parked']:,}"),
        ("closed by a person before they took effect", f"{told.get('closed', 0):,}"),
        ("unreadable, in quarantine", f"{told['quarantined']:,}"),
        ("taken by no route", f"{told['unrouted']:,}"),
        ("refused, or given up by their sender before they were accepted",
         f"{told['not_taken']:,}"),
        ("**lost**", f"**{told['lost']:,}**"),
        ("duplicate effects, all listed except those of the next three rows",
         f"{told['duplicate_effects']:,}"),
        ("of these, after a rename without `formerly`, as the runbook warns",
         f"{told['renamed_duplicates']:,}"),
        ("of these, after a restored ledger, likewise",
         f"{told['forgotten_duplicates']:,}"),
        ("of these, delivered again by a person's decision",
         f"{told.get('redone_duplicates', 0):,}"),
        ("**undetected duplicate effects**", f"**{told['undetected_duplicates']:,}**"),
        (f"faults, of {len(faults)} kinds", f"{sum(faults.values()):,}"),
        (f"the rarest kind: {rarest}", f"{faults[rarest]:,}"),
        ("in addition, runs with tracked requests", f"{worlds['tracked']:,}"),
        ("with a queue for each lane", f"{worlds['lanes']:,}"),
        ("with a destination outside Genesys as the second", f"{worlds['sink']:,}"),
        ("in which something fails for good", f"{worlds['endless']:,}"),
        ("with the real adapters", f"{worlds['wired']:,}"),
        ("single crashes, at each point of the small worlds", f"{told['single_crashes']:,}"),
        ("pairs of crashes", f"{told['pairs_of_crashes']:,}"),
        ("runs that broke a guarantee", f"{broken:,}"),
        ("mutants caught", f"{told['mutants_caught']} of {told['mutants']}"),
        ("runs per second", f"{told['runs_per_second']}"),
    )  # fmt: skip
    return _table(("last campaign", ""), rows)


def _rivals(told: Mapping[str, Any]) -> str:
    by_design: dict[str, dict[str, Mapping[str, int]]] = {}
    for row in told["rivals"]:
        by_design.setdefault(row["design"], {})[row["regime"]] = row
    rows = [
        (
            design,
            *(
                f"{regimes[regime].get(name, 0):,}"
                for regime in ("honoured", "ignored")
                for name in ("lost", "doubled", "undetected")
            ),
        )
        for design, regimes in by_design.items()
    ]
    events = next(iter(by_design.values()))["honoured"].get("events", 0)
    head = (
        f"of {events:,} events", "keys honoured: lost", "doubled", "undetected",
        "keys ignored: lost", "doubled", "undetected",
    )  # fmt: skip
    return _table(head, rows)


def _mistakes(told: Mapping[str, Any]) -> str:
    mistakes: Mapping[str, Mapping[str, Any]] = told["hunts"]
    rows = [
        (name, hunted["mistake"], str(hunted["seed"]) if hunted["said"] else "none")
        for name, hunted in mistakes.items()
    ]
    return _table(("mistake", "what the engineer thought", "seed"), rows)


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    if not FIGURES.exists():
        print(f"{FIGURES} is missing; run make sim first.", file=sys.stderr)
        return 2
    told = json.loads(FIGURES.read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
