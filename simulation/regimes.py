"""The regimes: how a destination treats repetition, and what is promised under it."""

from dataclasses import dataclass
from typing import Literal

from lambdas.relay.destinations.destination import KeyPolicy, Unknown
from lambdas.relay.kernel.limits import DAY_S, HOUR_S
from simulation.memory.genesys import Conduct

FOR_EVER_S = 3_650 * DAY_S
A_WHILE_S = 2 * HOUR_S


@dataclass(frozen=True, slots=True)
class Regime:
    name: str
    #: how the configuration describes the destination ...
    key: KeyPolicy
    unknown: Unknown
    #: ... and how it behaves
    conduct: Conduct
    #: never: an event takes effect once; listed: every possible second effect is recorded
    doubles: Literal["never", "listed"]
    reads_back: bool = False
    #: an unknown outcome may end with a person
    parks_doubt: bool = False
    #: copies come weeks later, after claims and records have expired
    late_copies: bool = False
    confirmed_within_s: int | None = None
    #: the configuration says that sending an item again changes nothing
    is_repeatable: bool = False
    #: items do not fail individually
    takes_whole: bool = False


_KEY_FIRST = KeyPolicy(honoured_s=FOR_EVER_S, checked_first=True)
_FOR_A_WHILE = KeyPolicy(honoured_s=A_WHILE_S, checked_first=True)
_CONFLICT = KeyPolicy(honoured_s=FOR_EVER_S, checked_first=True, repeat_answers_409=True)
_NO_KEY = KeyPolicy()

REGIMES: tuple[Regime, ...] = (
    Regime("honoured", _KEY_FIRST, "repost", Conduct("honoured"), "never"),
    Regime(
        "honoured, judged first",
        KeyPolicy(honoured_s=FOR_EVER_S),
        "repost",
        Conduct("honoured", key_first=False),
        "never",
    ),
    Regime(
        "honoured for a while, read back",
        _FOR_A_WHILE,
        "manual",
        Conduct("honoured", key_life_s=A_WHILE_S),
        "never",
        reads_back=True,
    ),
    Regime(
        "honoured for a while",
        _FOR_A_WHILE,
        "repost",
        Conduct("honoured", key_life_s=A_WHILE_S),
        "listed",
    ),
    Regime("answered 409", _CONFLICT, "repost", Conduct("conflict"), "never", takes_whole=True),
    Regime(
        "answered 409, item by item",
        _CONFLICT,
        "repost",
        Conduct("conflict"),
        "never",
        parks_doubt=True,
    ),
    Regime("ignored", _NO_KEY, "repost", Conduct("ignored"), "listed"),
    Regime("ignored, read back", _NO_KEY, "repost", Conduct("ignored"), "never", reads_back=True),
    Regime("ignored, manual", _NO_KEY, "manual", Conduct("ignored"), "never", parks_doubt=True),
    Regime(
        "repeatable",
        _NO_KEY,
        "repost",
        Conduct("ignored", ids_honoured=True),
        "never",
        is_repeatable=True,
    ),
    Regime("ids honoured", _NO_KEY, "repost", Conduct("ignored", ids_honoured=True), "never"),
    Regime(
        "copies weeks later, keys forgotten",
        _FOR_A_WHILE,
        "repost",
        Conduct("honoured", key_life_s=A_WHILE_S),
        "listed",
        late_copies=True,
    ),
    Regime(
        "copies weeks later", _KEY_FIRST, "repost", Conduct("honoured"), "never", late_copies=True
    ),
    Regime(
        "tracked",
        _KEY_FIRST,
        "repost",
        Conduct("honoured", echoes=True),
        "never",
        confirmed_within_s=30,
    ),
    Regime(
        "tracked, ignored",
        _NO_KEY,
        "manual",
        Conduct("ignored", echoes=True),
        "never",
        parks_doubt=True,
        confirmed_within_s=30,
    ),
)
BY_NAME = {regime.name: regime for regime in REGIMES}
