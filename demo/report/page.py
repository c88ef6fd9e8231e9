"""The page: facts in, one HTML file out. It loads nothing from elsewhere."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from demo.report import chart, events, flow, throughput
from demo.report.chart import Series
from demo.report.gathering import Facts
from demo.run.account import tone, verdict
from ops.screen import plural

#: more rows than this make a page slow; those that need attention come first
ROWS_MAX = 2_000
LOG_MAX = 400
TITLES = {"good": "every event once", "doubt": "look at some", "bad": "not every event once"}
QUEUE_COLOURS = {"Events": "blue", "Batches": "doubt", "Writes": "wait", "Checks": "good"}

_environment = Environment(
    loader=PackageLoader("demo.report", "."),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
)


def write(facts: Facts, path: Path) -> None:
    """Writes the report."""
    path.write_text(render(facts), "utf-8")


def render(facts: Facts) -> str:
    """The whole page as text."""
    made = events.rows(facts)
    requests = throughput.of_api(facts.requests)
    last = max(
        [float(request["at"]) - facts.began_at for request in facts.requests]
        + [sight.seconds for sight in facts.sights],
        default=1.0,
    )
    by_second = throughput.by_second(requests, facts.began_at)
    rolled = throughput.rolling(requests, facts.began_at)
    return _environment.get_template("page.html.j2").render(
        **_head(facts),
        account=facts.account,
        row=facts.row,
        complaints=facts.complaints,
        flow=Markup(flow.draw(facts)),
        rows=[_shown(row) for row in _first_who_needs_a_look(made)[:ROWS_MAX]],
        rows_total=len(made),
        rolling=Markup(
            chart.lines(
                "Requests in the last 60 seconds",
                [Series("requests in 60 s", "blue", rolled)],
                x_max=last,
                ceiling=facts.requests_per_minute,
                area=True,
            )
        ),
        ceiling=facts.requests_per_minute,
        bars=Markup(chart.bars("Answers by second", by_second, x_max=last)),
        kinds=[(one.name, int(sum(y for _, y in one.points)), one.colour) for one in by_second],
        depths=Markup(
            chart.lines("Messages waiting", _depths(facts), x_max=last, ceiling=None, area=False)
        ),
        queues=[(name.lower(), colour) for name, colour in QUEUE_COLOURS.items()],
        latencies=_latencies(made),
        **_faults(facts),
    )


def _head(facts: Facts) -> dict[str, Any]:
    """The verdict, the figures, and what became of all events together."""
    account, row = facts.account, facts.row
    seen = tone(account, facts.complaints)
    fates = [
        ("delivered", account.delivered, "good"),
        ("duplicates", account.duplicates, "quiet"),
        ("in review", account.rejected, "bad"),
        ("quarantined", account.quarantined, "doubt"),
        ("dead-lettered", account.dead_lettered, "wait"),
        ("in flight", account.in_flight, "blue"),
        ("lost", account.lost, "bad"),
    ]
    told = [fate for fate in fates if fate[1] or fate[0] == "delivered"]
    return {
        "title": TITLES[seen],
        "tone": seen,
        "verdict": verdict(account, facts.complaints),
        "subtitle": f"{plural(account.unique, 'event')} in {plural(account.published, 'line')}, "
        f"{_requests(facts)}, {row['seconds']} s.",
        "lines": f"{plural(account.published, 'line')}: "
        f"{plural(account.unique, 'different event')}, "
        f"{plural(account.duplicates, 'copy', 'copies')} of them, {account.quarantined} set aside.",
        "began": datetime.fromtimestamp(facts.began_at, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "figures": [
            {"name": "lines published", "value": account.published},
            {"name": "different events", "value": account.unique},
            {"name": "delivered once", "value": account.delivered},
            {"name": "duplicates stopped", "value": account.duplicates},
            {"name": "lost", "value": account.lost},
            {"name": "effects too many", "value": account.duplicate_effects},
        ],
        "fates": told,
        "share": Markup(chart.share_bar({name: (count, colour) for name, count, colour in told})),
    }


def _requests(facts: Facts) -> str:
    """All of them, and how many only fetched a token: those count towards no limit."""
    api = len(throughput.of_api(facts.requests))
    logins = len(facts.requests) - api
    return f"{plural(api, 'request')} to Genesys and {plural(logins, 'login')}"


def _first_who_needs_a_look(made: Sequence[events.Row]) -> list[events.Row]:
    return sorted(made, key=lambda row: row.fate == "delivered")


def _shown(row: events.Row) -> Mapping[str, Any]:
    start, end = row.put_at or row.claimed_at, row.effect_at
    return {**asdict(row), "took": "-" if end is None else f"{max(0.0, end - start):.1f} s"}


def _depths(facts: Facts) -> list[Series]:
    return [
        Series(
            name.lower(),
            colour,
            [(sight.seconds, float(sight.queues.get(name, 0))) for sight in facts.sights],
        )
        for name, colour in QUEUE_COLOURS.items()
    ]


def _latencies(made: Sequence[events.Row]) -> list[Mapping[str, Any]]:
    found = events.latencies(made)
    longest = max((one.p95 for one in found), default=1.0) or 1.0
    return [
        {
            **asdict(one),
            "p50_share": f"{100 * one.p50 / longest:.1f}",
            "p95_share": f"{100 * one.p95 / longest:.1f}",
        }
        for one in found
    ]


def _faults(facts: Facts) -> dict[str, Any]:
    """The faults, counted, and in order as far as their times are known."""
    log = [
        {
            "at": float(request["at"]),
            "what": _told(request),
            "request": str(request["key"] or request["correlation_id"]),
        }
        for request in facts.requests
        if request["fault"] or throughput.kind_of(request) != "accepted"
    ]
    log += [{"at": at, "what": text, "request": ""} for at, text in facts.notes]
    log.sort(key=lambda entry: float(str(entry["at"])))
    shown = [
        {**entry, "after": float(str(entry["at"])) - facts.began_at} for entry in log[:LOG_MAX]
    ]
    counts: Counter[str] = Counter()
    for name, count in dict(facts.row.get("faults", {})).items():
        counts[str(name).replace("_", " ")] += int(count)
    hint = (
        "Nothing went wrong, and nothing was made to."
        if not log and not counts
        else ("What was made to go wrong, and every answer of Genesys that was no acceptance.")
    )
    if len(log) > LOG_MAX:
        hint += f" The first {LOG_MAX} of {len(log)}."
    return {"log": shown, "faults": sorted(counts.items()), "fault_hint": hint}


def _told(request: Mapping[str, Any]) -> str:
    status = f"answered {request['status']}" if request["status"] else "no answer"
    fault = str(request["fault"]).replace("_", " ")
    return f"{request['method']} {request['endpoint'] or request['path']}: {status}" + (
        f" ({fault})" if fault else ""
    )
