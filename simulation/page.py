"""Writes a campaign's figures into docs/guarantees.md: `python -m simulation.page`.

What stands there is from a run, and from the last one: between `<!-- name -->` and `<!-- /name -->`
the page is this module's.
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
    broken = told["failures"] + len(told["crash_failures"]) + len(told["endless_failures"])
    broken += len(told["wired_failures"])
    rarest = min(faults, key=lambda kind: faults[kind])
    rows = (
        ("runs, and as many worlds", f"{told['runs']:,}"),
        ("events published, each with its copies", f"{told['events']:,}"),
        ("delivered once", f"{told['delivered']:,}"),
        ("rejected by Genesys, for a person", f"{told['rejected']:,}"),
        ("given to a person for another reason", f"{told['parked']:,}"),
        ("unreadable, in the quarantine", f"{told['quarantined']:,}"),
        ("no route takes them", f"{told['unrouted']:,}"),
        ("turned away, or given up by their sender before anybody took them",
         f"{told['not_taken']:,}"),
        ("**lost**", f"**{told['lost']:,}**"),
        ("second effects, each of them listed but for those of the next two rows",
         f"{told['duplicate_effects']:,}"),
        ("of the second effects, those of a renaming without `formerly`, as the runbook announces",
         f"{told['renamed_duplicates']:,}"),
        ("... and those of what a restored ledger had forgotten, likewise",
         f"{told['forgotten_duplicates']:,}"),
        ("**undetected second effects**", f"**{told['undetected_duplicates']:,}**"),
        (f"faults, of {len(faults)} kinds", f"{sum(faults.values()):,}"),
        (f"the rarest of them: {rarest}", f"{faults[rarest]:,}"),
        ("runs of the world of tracked requests", f"{told['tracked_runs']:,}"),
        ("runs in which each lane has a queue of its own", f"{told['runs_in_lanes']:,}"),
        ("runs in which something never works again", f"{told['endless_runs']:,}"),
        ("runs with the real adapters", f"{told['wired_runs']:,}"),
        ("single crashes, each point of the small worlds", f"{told['single_crashes']:,}"),
        ("pairs of crashes", f"{told['pairs_of_crashes']:,}"),
        ("runs that broke a promise", f"{broken:,}"),
        ("mistakes caught", f"{told['mutants_caught']} of {told['mutants']}"),
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
