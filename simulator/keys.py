"""Idempotency keys: what the platform remembers under them, and for how long."""

from dataclasses import dataclass

from simulator.error_body import Refused
from simulator.faults import Conduct
from simulator.messages import Reply


@dataclass(frozen=True, slots=True)
class Kept:
    body_hash: str
    reply: Reply
    at: float


class Keys:
    """Replies by key. A key is kept once its request took effect, not when it arrived."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    def reply(self, key: str, body_hash: str, now: float, conduct: Conduct) -> Reply | None:
        """The first reply under this key; None if the request should be carried out.

        Raises Refused: 409 in the mode "conflict", 422 for another body under a kept key.
        """
        kept = self.kept.get(key) if key and conduct.keys != "ignored" else None
        if kept is None:
            return None
        if conduct.key_ttl_s is not None and now - kept.at > conduct.key_ttl_s:
            del self.kept[key]
            return None
        if kept.body_hash != body_hash:
            raise Refused(422, f"Idempotency-Key {key} was used with another request body")
        if conduct.keys == "conflict":
            raise Refused(409, f"A request with Idempotency-Key {key} was already carried out")
        return kept.reply

    def keep(self, key: str, body_hash: str, reply: Reply, now: float) -> None:
        if key:
            self.kept[key] = Kept(body_hash, reply, now)
