"""Outstanding answers: while a request is in progress whose key only its answer gives, it is
unknown whether an event was caused by it.

The ledger has one item per destination, with the outstanding requests and until when. A request is
entered before it is sent, and taken out when its outcome is recorded. If the writer dies, its entry
ends with the invocation that sent it.
"""

import json
from collections.abc import Collection, Iterable, Mapping

from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Entropy, Item, Ledger, Telemetry
from lambdas.relay.ledger.shared import SharedItem, Values, key_of

#: by the request's id: when its answer has certainly come or never will
Out = Mapping[str, int]


class Asking:
    """Enters requests and takes them out, under every name of their destination: who looks may be
    of the release that knows it by another one."""

    def __init__(self, ledger: Ledger, entropy: Entropy, names: Iterable[str]) -> None:
        self._shared = [SharedItem(ledger, entropy, _name(name)) for name in names]

    def enter(self, batch_id: str, until_ms: int, now_ms: int) -> None:
        """Raises Transient."""
        for shared in self._shared:
            shared.change(lambda item: (_values({**_out(item, now_ms), batch_id: until_ms}), None))

    def take_out(self, batch_id: str, now_ms: int, telemetry: Telemetry) -> None:
        """This answer is no longer outstanding. If the ledger fails, events wait in vain; that must
        not affect the outcome, which is recorded."""

        def without(item: Item | None) -> tuple[Values | None, None]:
            out = dict(_out(item, now_ms))
            known = out.pop(batch_id, None)
            return (None if known is None else _values(out)), None

        try:
            for shared in self._shared:
                shared.change(without)
        except Transient as transient:
            telemetry.note("answer not taken out", batch=batch_id, reason=transient.reason)


def out_until_ms(destinations: Collection[str], ledger: Ledger, now_ms: int) -> Mapping[str, int]:
    """By destination: until when an answer can be outstanding; 0: none is. Raises Transient."""
    names = sorted(destinations)
    items = ledger.find([*map(_key, names), *map(_former_key, names)]) if names else []
    until: dict[str, int] = {}
    for name, item, former in zip(names, items[: len(names)], items[len(names) :], strict=True):
        moments = [*_out(item, now_ms).values(), int((former or {}).get("lease_until_ms", 0))]
        until[name] = max((moment for moment in moments if moment > now_ms), default=0)
    return until


def _name(destination: str) -> str:
    return f"asking#{destination}"


def _key(destination: str) -> tuple[str, str]:
    return key_of(_name(destination))


def _former_key(destination: str) -> tuple[str, str]:
    """Where the previous release kept it: one time for all requests, never taken out."""
    return f"M#asking#{destination}", "M"


def _out(item: Item | None, now_ms: int) -> Out:
    out: Out = json.loads(item["out"]) if item else {}
    return {batch_id: moment for batch_id, moment in out.items() if moment > now_ms}


def _values(out: Out) -> Values:
    return {"out": canonical(dict(out))}
