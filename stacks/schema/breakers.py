"""The breakers of a configuration: what it says of them, within what is safe."""

from collections.abc import Mapping
from typing import Any, TypeVar

from lambdas.relay.destinations.destination import refuse_unknown
from lambdas.relay.kernel.breakers import (
    Breakers,
    DestinationBreaker,
    LedgerBreaker,
    SilenceBreaker,
)
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import DAY_S, HOUR_S, SQS_DELAY_MAX_S
from stacks.schema.sections import section_of

#: what each setting may be, from and to; a whole number where both are
RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "destination": {
        "failures": (1, 100),
        "refusals": (1, 1000),
        "pause_min_s": (1.0, float(HOUR_S)),
        "pause_max_s": (1.0, float(HOUR_S)),
        "pause_share": (0.0, 1.0),
    },
    "ledger": {
        "slow_s": (0.02, 30.0),
        "calls": (1, 100),
        "pause_min_s": (1.0, float(SQS_DELAY_MAX_S)),
        "pause_max_s": (1.0, float(SQS_DELAY_MAX_S)),
    },
    "silence": {
        "windows": (2, 10_000),
        "within_s": (10, DAY_S),
        "share": (0.05, 0.95),
        "pause_s": (1, SQS_DELAY_MAX_S),
    },
}
Made = TypeVar("Made", DestinationBreaker, LedgerBreaker, SilenceBreaker)


def read_breakers(section: Json, where: str) -> Breakers:
    """Raises ValueError with one sentence that names the place."""
    table = section_of(section, where)
    refuse_unknown(table, RANGES, where)
    breakers = Breakers(
        _read(DestinationBreaker, table, "destination", where),
        _read(LedgerBreaker, table, "ledger", where),
        _read(SilenceBreaker, table, "silence", where),
    )
    for sentence, holds in breakers.relations():
        if not holds:
            raise ValueError(sentence)
    return breakers


def _read(made: type[Made], table: Mapping[str, Json], name: str, where: str) -> Made:
    section = section_of(table.get(name, {}), f"{where}.{name}")
    refuse_unknown(section, RANGES[name], f"{where}.{name}")
    return made(**{key: _number(section[key], name, key, where) for key in section})


def _number(value: Json, name: str, key: str, where: str) -> Any:
    least, most = RANGES[name][key]
    is_whole = isinstance(least, int)
    kinds = (int,) if is_whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        what = "a whole number" if is_whole else "a number"
        raise ValueError(
            f"{where}.{name}.{key} is {value!r}; expected {what} from {least:g} to {most:g}"
        )
    return value
