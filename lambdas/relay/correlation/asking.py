"""Outstanding answers: while a request is in progress whose key only its answer gives, it is
unknown whether an event was caused by it.

The ledger has one item per destination, with the outstanding requests, since when and until when. A
request is entered before it is sent, and taken out when its outcome is recorded. If the writer
dies, its entry ends with the invocation that sent it. An event waits only for requests that were
entered before it came: later ones cannot have caused it.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Entropy, Item, Ledger, Telemetry
from lambdas.relay.ledger.shared import SharedItem, Values, key_of

#: by the request's id: when its answer has certainly come or never will
Out = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The answer to one request."""

    #: when the request was entered; 0: not known, as the previous release did not say it
    since_ms: int
    until_ms: int


class Asking:
    """Enters requests and takes them out, under every name of their destination: who looks may be
    of the release that knows it by another one."""

    def __init__(self, ledger: Ledger, entropy: Entropy, names: Iterable[str]) -> None:
        self._shared = [SharedItem(ledger, entropy, _name(name)) for name in names]

    def enter(self, batch_id: str, until_ms: int, now_ms: int) -> None:
        """Raises Transient."""

        def entered(item: Item | None) -> tuple[Values, None]:
            out = {**_out(item, now_ms), batch_id: until_ms}
            return _values(out, {**_since(item), batch_id: now_ms}), None

        for shared in self._shared:
            shared.change(entered)

    def take_out(self, batch_id: str, now_ms: int, telemetry: Telemetry) -> None:
        """This answer is no longer outstanding. If the ledger fails, events wait in vain; that must
        not affect the outcome, which is recorded."""

        def without(item: Item | None) -> tuple[Values | None, None]:
            out = dict(_out(item, now_ms))
            known = out.pop(batch_id, None)
            return (None if known is None else _values(out, _since(item))), None

        try:
            for shared in self._shared:
                shared.change(without)
        except Transient as transient:
            telemetry.note("answer not taken out", batch=batch_id, reason=transient.reason)


def answers_out(
    destinations: Collection[str], ledger: Ledger, now_ms: int
) -> Mapping[str, Sequence[Outstanding]]:
    """By destination: the answers that can be outstanding. Raises Transient."""
    names = sorted(destinations)
    items = ledger.find([*map(_key, names), *map(_former_key, names)]) if names else []
    found: dict[str, Sequence[Outstanding]] = {}
    for name, item, former in zip(names, items[: len(names)], items[len(names) :], strict=True):
        since, lease_ms = _since(item), int((former or {}).get("lease_until_ms", 0))
        out = [Outstanding(since.get(one, 0), until) for one, until in _out(item, now_ms).items()]
        found[name] = [*out, Outstanding(0, lease_ms)] if lease_ms > now_ms else out
    return found


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


def _since(item: Item | None) -> Mapping[str, int]:
    """By the request's id: when it was entered."""
    since: Mapping[str, int] = json.loads((item or {}).get("since", "{}"))
    return since


def _values(out: Out, since: Mapping[str, int]) -> Values:
    kept = {batch_id: since[batch_id] for batch_id in out if batch_id in since}
    return {"out": canonical(dict(out)), "since": canonical(kept)}
