"""Carries out work: keys, verdicts, effects and the events they cause."""

from dataclasses import dataclass, replace
from random import Random

from simulator import refusals
from simulator.caused import CausedEvents
from simulator.endpoints.shape import Plain, Write
from simulator.error_body import Refused
from simulator.faults import Conduct
from simulator.items import Poison, Verdict, digest, judge
from simulator.keys import Keys
from simulator.messages import Reply
from simulator.record import Effect, Record
from simulator.visit import Work


@dataclass(frozen=True, slots=True)
class Execution:
    """What work changes. `salt` makes random rejections differ from seed to seed."""

    record: Record
    keys: Keys
    caused: CausedEvents
    salt: int
    rng: Random

    def carry_out(self, work: Work, conduct: Conduct, poison: Poison) -> Reply:
        """Do the work at `call.now`; the reply is what the client would receive."""
        try:
            if work.refusal is not None:
                raise work.refusal
            if isinstance(work.endpoint, Plain):
                return work.endpoint.answer(work.call)
            return self._write(work, work.endpoint, conduct, poison)
        except Refused as refused:
            return refusals.refused(refused, work.visit.context_id)

    def _write(self, work: Work, endpoint: Write, conduct: Conduct, poison: Poison) -> Reply:
        visit, call = work.visit, work.call
        kept = self.keys.reply(visit.key, visit.fingerprint, call.now, conduct)
        if kept is not None:
            visit.replayed = True
            return kept
        verdicts = [judge(item, poison, conduct, self.salt, self.rng) for item in work.items]
        if endpoint.whole_batch or poison.rejects == "batch":
            verdicts = self._as_a_whole(verdicts, endpoint, poison)
        if endpoint.causes_events:
            visit.fate = self.caused.fate(conduct, self.rng)
        if visit.fate == "never_nor_effect":
            return endpoint.answer(call, verdicts)
        for verdict in verdicts:
            self._settle(work, endpoint, conduct, verdict)
        reply = endpoint.answer(call, verdicts)
        if conduct.keys != "ignored":
            self.keys.keep(visit.key, visit.fingerprint, reply, call.now)
        return reply

    def _as_a_whole(
        self, verdicts: list[Verdict], endpoint: Write, poison: Poison
    ) -> list[Verdict]:
        """Refuse everything because of one bad item, without saying which.

        An endpoint without results per item cannot call single items retryable: they are accepted.
        """
        bad = [v for v in verdicts if v.rejection is not None and not v.rejection.retryable]
        if bad:
            if len(verdicts) == 1:
                self._reject(bad[0])
            raise Refused(poison.status, "The request contains one or more invalid items")
        if endpoint.whole_batch:
            return [replace(verdict, rejection=None) for verdict in verdicts]
        return verdicts

    def _settle(self, work: Work, endpoint: Write, conduct: Conduct, verdict: Verdict) -> None:
        item = verdict.item
        if verdict.rejection is not None:
            if not verdict.rejection.retryable:
                self._reject(verdict)
            return
        scope = "/".join(work.call.params.values())
        known = self.record.known(endpoint.name, scope, item.id)
        if conduct.ids == "honoured" and known and not item.idempotent:
            self.record.deduplicated += 1
            return
        visit, content_hash = work.visit, digest(item.content)
        repetition = self.record.repeats(
            endpoint.name, scope, item.id, content_hash, item.idempotent
        )
        effect = Effect(
            number=len(self.record.effects) + 1,
            at=work.call.now,
            endpoint=endpoint.name,
            scope=scope,
            item_id=item.id,
            content_hash=content_hash,
            content=item.content,
            key=visit.key,
            correlation_id=visit.correlation_id,
            request=visit.number,
            idempotent=item.idempotent,
            repetition=repetition,
        )
        self.record.add_effect(effect)
        ours = visit.correlation_id if work.call.assumptions.correlation_id_comes_back else ""
        told = ours or visit.context_id
        for draft in endpoint.apply(work.call, item):
            self.caused.cause(draft, visit.fate, told, visit.number, effect.at, conduct)

    def _reject(self, verdict: Verdict) -> None:
        assert verdict.rejection is not None
        self.record.rejected[verdict.item.id] = verdict.rejection.message
