"""The breakers of a configuration: its settings, within safe bounds."""

from typing import Any

from pydantic import Field

from lambdas.relay.kernel import breakers
from lambdas.relay.kernel.limits import DAY_S, HOUR_S, SQS_DELAY_MAX_S
from stacks.tables import Table


def _whole(least: int, most: int) -> Any:
    said = f"a whole number from {least} to {most}"
    return Field(default=None, ge=least, le=most, description=said)


def _number(least: float, most: float) -> Any:
    said = f"a number from {least:g} to {most:g}"
    return Field(default=None, ge=least, le=most, description=said)


class DestinationBreaker(Table):
    failures: int | None = _whole(1, 100)
    refusals: int | None = _whole(1, 1000)
    pause_min_s: float | None = _number(1, HOUR_S)
    pause_max_s: float | None = _number(1, HOUR_S)
    pause_share: float | None = _number(0, 1)


class LedgerBreaker(Table):
    slow_s: float | None = _number(0.02, 30)
    calls: int | None = _whole(1, 100)
    pause_min_s: float | None = _number(1, SQS_DELAY_MAX_S)
    pause_max_s: float | None = _number(1, SQS_DELAY_MAX_S)


class SilenceBreaker(Table):
    windows: int | None = _whole(2, 10_000)
    within_s: int | None = _whole(10, DAY_S)
    share: float | None = _number(0.05, 0.95)
    pause_s: int | None = _whole(1, SQS_DELAY_MAX_S)


class Breakers(Table):
    """The tables [breakers.*]. Missing settings keep the code's defaults."""

    destination: DestinationBreaker = Field(
        default=DestinationBreaker(), description="a table [breakers.destination]"
    )
    ledger: LedgerBreaker = Field(default=LedgerBreaker(), description="a table [breakers.ledger]")
    silence: SilenceBreaker = Field(
        default=SilenceBreaker(), description="a table [breakers.silence]"
    )


def breakers_of(said: Breakers) -> breakers.Breakers:
    """Raises ValueError with one sentence if two settings contradict each other."""
    made = breakers.Breakers(
        breakers.DestinationBreaker(**said.destination.model_dump(exclude_none=True)),
        breakers.LedgerBreaker(**said.ledger.model_dump(exclude_none=True)),
        breakers.SilenceBreaker(**said.silence.model_dump(exclude_none=True)),
    )
    for sentence, holds in made.relations():
        if not holds:
            raise ValueError(sentence)
    return made
