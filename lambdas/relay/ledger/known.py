"""The claims that this instance remembers, so that many copies do not cause as many ledger calls.

A claim is written once, never changed and never released, and lives for weeks. So what the ledger
answered about a claim is still true minutes later, which is as long as it is remembered. Nothing is
concluded from a claim that is *not* remembered: then the ledger is asked.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay.kernel.limits import KNOWN_CLAIMS_MAX, KNOWN_CLAIMS_S
from lambdas.relay.kernel.ports import Change, Clock, Guard, Item, Ledger, Written
from lambdas.relay.ledger.claims import PREFIX, claim_keys, is_copy
from lambdas.relay.messages.sealing import Batch


@dataclass(frozen=True, slots=True)
class _Claim:
    batch_id: str
    payload_hash: str
    routes: tuple[str, ...]
    redelivery: str
    backfill: str
    learned_at_ms: int


class KnownClaims:
    """At most KNOWN_CLAIMS_MAX claims by key, each for KNOWN_CLAIMS_S; the least recently used is
    forgotten first. Each instance of a function has one, so it needs no lock."""

    def __init__(self) -> None:
        self._claims: OrderedDict[tuple[str, str], _Claim] = OrderedDict()

    def __len__(self) -> int:
        return len(self._claims)

    def learn(self, item: Item, now_ms: int) -> None:
        """Remembers a claim that the ledger holds."""
        key = (item["pk"], item["sk"])
        routes = tuple(item.get("routes", ()))
        self._claims[key] = _Claim(
            item["batch_id"],
            item["payload_hash"],
            routes,
            item.get("redelivery", ""),
            item.get("backfill", ""),
            now_ms,
        )
        self._claims.move_to_end(key)
        if len(self._claims) > KNOWN_CLAIMS_MAX:
            self._claims.popitem(last=False)

    def find(self, key: tuple[str, str], now_ms: int) -> Item | None:
        """The attributes of a claim that determine the event's owner; None if it is not known."""
        claim = self._claims.get(key)
        if claim is None:
            return None
        if not 0 <= now_ms - claim.learned_at_ms < KNOWN_CLAIMS_S * 1000:
            del self._claims[key]
            return None
        self._claims.move_to_end(key)
        return {
            "pk": key[0],
            "sk": key[1],
            "batch_id": claim.batch_id,
            "payload_hash": claim.payload_hash,
            "routes": claim.routes,
            "redelivery": claim.redelivery,
            "backfill": claim.backfill,
        }

    def holds_copies_only(self, batch: Batch, now_ms: int) -> bool:
        """Whether every event of a batch is known to be a copy of one that another batch owns."""
        return all(
            any(
                is_copy(event, self.find(key, now_ms), batch.batch_id)
                for key in claim_keys(event, batch.target)
            )
            for event in batch.events
        )


class RememberingLedger:
    """Implements relay.kernel.ports.Ledger over another ledger: a known claim costs no call."""

    def __init__(self, ledger: Ledger, known: KnownClaims, clock: Clock) -> None:
        self._ledger = ledger
        self._known = known
        self._clock = clock

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        now_ms = self._clock.now_ms()
        met = [self._known.find((item["pk"], item["sk"]), now_ms) for item in items]
        unknown = [item for item, claim in zip(items, met, strict=True) if claim is None]
        answers = iter(self._ledger.insert(unknown) if unknown else ())
        written: list[Written] = []
        for item, claim in zip(items, met, strict=True):
            if claim is not None:
                written.append(Written(applied=False, before=claim))
                continue
            answer = next(answers)
            held = item if answer.applied else answer.before
            if held is not None and _is_claim(held):
                self._known.learn(held, now_ms)
            written.append(answer)
        return written

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        return self._ledger.change(pk, sk, guard, change)

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        return self._ledger.find(keys)

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        return self._ledger.of(pk, begins, before, newest)

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        return self._ledger.due(attention, before_s, most)


def _is_claim(item: Item) -> bool:
    """Records of requests change; claims do not."""
    return "payload_hash" in item and item["pk"].startswith(PREFIX)
