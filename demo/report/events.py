"""What became of every event, and how long each stage took: a pure function of the facts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.report.gathering import Facts
from lambdas.relay.kernel.reasons import sentence

#: an event of a request can be passed on to a part, and so on
GENERATIONS_MAX = 20

FATES = {
    "DONE": "delivered",
    "PENDING_EVENT": "delivered",
    "TIMEOUT_RECOVERY": "delivered",
    "CONFIRMED": "delivered",
    "RECONCILED": "delivered",
    "REJECTED": "in review",
    "MANUAL_REVIEW": "in review",
    "DISCARDED": "discarded",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One claimed event. Times are seconds since 1970, None if unknown."""

    topic: str
    conversation: str
    identity: str
    request: str
    state: str
    fate: str
    put_at: float | None
    sealed_at: float | None
    claimed_at: float
    effect_at: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a stage took, over all events (seconds)."""

    stage: str
    count: int
    p50: float
    p95: float
    longest: float


def rows(facts: Facts) -> list[Row]:
    """Every claimed event, in the order of the claims."""
    effects = _first_effects(facts.effects)
    made = [_row(claim, facts, effects) for claim in facts.claims]
    return sorted(made, key=lambda row: row.claimed_at)


def _first_effects(effects: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
    """When a request first took effect, by its id. Genesys may know it by either header."""
    found: dict[str, float] = {}
    for effect in effects:
        for name in {effect["key"], effect["correlation_id"]} - {""}:
            found.setdefault(name, float(effect["at"]))
    return found


def _row(claim: Mapping[str, Any], facts: Facts, effects: Mapping[str, float]) -> Row:
    owner = str(claim["pk"]).removeprefix("C#")
    identity = str(claim["sk"]).split("#")[1]
    carriers = list(_carriers(claim, f"{owner}/{identity.partition('~')[0]}", facts.records))
    first = carriers[0] if carriers else {}
    last = carriers[-1] if carriers else {}
    batch_id = str(last.get("pk", "R#?")).removeprefix("R#")
    state = str(last.get("state", "?"))
    fate = "delivered" if _took_its_share(last, facts.records) else FATES.get(state, "under way")
    effect_at = next((effects[b] for b in map(_id, reversed(carriers)) if b in effects), None)
    return Row(
        topic=str(claim.get("topic", "")),
        conversation=owner if owner != identity else "",
        identity=identity,
        request=batch_id,
        state=state,
        fate=fate,
        put_at=facts.put_at.get(str(claim.get("envelope_id", ""))),
        sealed_at=_seconds(first.get("sealed_at_ms")),
        claimed_at=float(claim["claimed_at_ms"]) / 1000,
        effect_at=effect_at if fate == "delivered" else None,
        reason=sentence(str(last.get("reason", ""))),
    )


def _carriers(
    claim: Mapping[str, Any], said: str, records: Mapping[str, Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The requests that carried an event, starting with the one that claimed it."""
    current = records.get(str(claim["batch_id"]))
    for _ in range(GENERATIONS_MAX):
        if current is None:
            return
        yield current
        parts = [records.get(str(part.get("batch_id"))) for part in current.get("parts", ())]
        carrying = [part for part in parts if part and said in part.get("events", ())]
        current = carrying[0] if carrying else None


def _took_its_share(record: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> bool:
    """Genesys accepted this event with the first answer, and the request's other events went on in
    parts: none of the parts has it."""
    parts = record.get("parts", ())
    return record.get("state") == "SPLIT" and all(str(p.get("batch_id")) in records for p in parts)


def _id(record: Mapping[str, Any]) -> str:
    return str(record["pk"]).removeprefix("R#")


def _seconds(at_ms: Any) -> float | None:
    return None if at_ms is None else float(at_ms) / 1000


def latencies(made: Sequence[Row]) -> list[Latency]:
    """Each stage, and the whole way. Each leaves out events for which a time is unknown."""
    spans: Mapping[str, list[float]] = {
        "bus to sealed": [_span(row.put_at, row.sealed_at) for row in made],
        "sealed to claimed": [_span(row.sealed_at, row.claimed_at) for row in made],
        "claimed to Genesys": [_span(row.claimed_at, row.effect_at) for row in made],
        "the whole way": [_span(row.put_at, row.effect_at) for row in made],
    }
    known = {stage: sorted(s for s in taken if not math.isnan(s)) for stage, taken in spans.items()}
    return [
        Latency(stage, len(taken), _at(taken, 0.5), _at(taken, 0.95), taken[-1])
        for stage, taken in known.items()
        if taken
    ]


def _span(start: float | None, end: float | None) -> float:
    return math.nan if start is None or end is None else max(0.0, end - start)


def _at(values: Sequence[float], share: float) -> float:
    """The value below which that share lies (nearest rank)."""
    return values[max(0, math.ceil(share * len(values)) - 1)]
