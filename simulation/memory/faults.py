"""The neighbours' faults, by name, and the interface that decides when they strike."""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

LedgerFault = Literal[
    "ledger throttled",  # nothing happened, and the caller learns so
    "ledger answer lost",  # applied, but the caller sees a timeout
    "ledger met itself",  # applied, the answer lost, the SDK's retry refused by our own item
    "ledger late write",  # the caller gave up; the write arrives minutes later
    "ledger partly applied",  # an insert of several items, only some of which were applied
    "ledger unreadable",  # a read that fails
]
QueueFault = Literal[
    "send refused",  # nothing sent
    "send throttled",  # the same, and the caller is asked to slow down
    "send answer lost",  # sent, but the caller sees a timeout
    "send repeated",  # the answer lost, the SDK's retry sends it once more
    "send partly",  # only some of several messages
    "delivered twice",  # delivered again within the visibility timeout
    "delete lost",  # the message stays although its deletion was confirmed
    "hide refused",
    "receive short",  # a receive that finds fewer messages than there are
]
#: visible only on the wire: the adapters handle it (simulation/aws)
WireFault = Literal["keys unprocessed"]
VaultFault = Literal["vault refused", "vault answer lost"]
ClockFault = Literal["clock set"]  # forward or back, in the middle of an invocation
SecretFault = Literal["secret unreadable", "secret rotated"]
GenesysFault = Literal[
    "not sent",  # no connection: certainly without effect
    "429 short",
    "429 hours",
    "token revoked",  # 401, until a new token is fetched
    "forbidden",  # 403: the set-up is wrong for now
    "5xx no effect",
    "5xx effect",
    "unanswered no effect",
    "unanswered effect",
    "late effect",  # no answer, and it takes effect after the client gave up
    "html page",  # it took effect; a proxy answers 200 with a page of its own
    "broken body",  # it took effect; the 2xx answer's JSON breaks off in the middle
    "item retryable",  # one item is refused for now
    "error document",  # it took effect; the answer is an error under 200
    "failure unnamed",  # it took effect; a failure in the answer names no item
    "failure twice",  # one item is refused for now, and two failures name it
    "foreign refusal",  # 400 from a proxy, before anything happened
    "path gone",  # 404 in Genesys' own format: the set-up is wrong for now
    "429 absurd",  # 429, with a Retry-After that is a date, or thirty years
    "conflict",  # 409 to one request for up to two hours: another changes the same thing
]
LoginFault = Literal["login 429", "login 5xx", "login unanswered", "login page"]
EchoFault = Literal["echo lost", "echo late", "echo repeated", "echo before answer"]
BusFault = Literal["bus delivered twice", "bus late", "bus undeliverable"]

Fault = (
    LedgerFault
    | QueueFault
    | VaultFault
    | SecretFault
    | GenesysFault
    | LoginFault
    | EchoFault
    | BusFault
    | WireFault
    | ClockFault
)

GENESYS_FAULTS: tuple[GenesysFault, ...] = get_args(GenesysFault)
WIRE_FAULTS: tuple[WireFault, ...] = get_args(WireFault)
LOGIN_FAULTS: tuple[LoginFault, ...] = get_args(LoginFault)
WORLD_FAULTS: tuple[Fault, ...] = tuple(
    fault
    for group in (
        LedgerFault, QueueFault, VaultFault, SecretFault,
        GenesysFault, LoginFault, EchoFault, BusFault, ClockFault,
    )
    for fault in get_args(group)
)  # fmt: skip


class Faults(Protocol):
    def strikes(self, fault: Fault) -> bool:
        """Whether this fault happens now."""
        ...

    def one_of(self, faults: Sequence[Fault]) -> Fault | None:
        """At most one of them happens now."""
        ...

    def fraction(self) -> float:
        """A number in [0, 1): how late, how many, which."""
        ...


class Calm:
    """No faults."""

    def strikes(self, fault: Fault) -> bool:
        return False

    def one_of(self, faults: Sequence[Fault]) -> Fault | None:
        return None

    def fraction(self) -> float:
        return 0.0


CALM = Calm()
