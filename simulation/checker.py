"""The account: what became of every published event, judged by what the run left behind.

Modelled on Jepsen's total-queue checker. It identifies events by the number in their payload, and
reads only what was published, Genesys' own record, the queues, the vault and the ledger's raw
items. From the code under test it imports the names of reasons, and nothing that decides.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lambdas.relay.kernel.reasons import read_reason
from simulation.asking import may_be_parked
from simulation.bounds import exceeded
from simulation.history import History
from simulation.memory.queues import Message
from simulation.regimes import Regime
from simulation.sessions import BACKFILLS
from simulation.whereabouts import (
    AWAITING,
    FINISHED,
    WITH_A_PERSON,
    Whereabouts,
    state_of,
    whereabouts,
)
from simulation.workload import Fact, numbers_of

_ECHO = re.compile(r"echo-([0-9a-f-]*)")

#: answers to senders: the relay has the event, or will never take it
TAKEN = {"200", "accepted"}
TURNED_AWAY = {"400", "401", "413"}
#: ... or they must send it again; API Gateway answers 502 if a function died
UNSURE = {"429", "502", "503"}

#: a request is repeated once if its answer says nothing of it, and once more if a writer dies
#: before that is recorded
UNREAD_MAX = 5


@dataclass(slots=True)
class Account:
    """The verdict on one run. The run has failed if there are `violations`."""

    published: int = 0
    delivered: int = 0
    parked: int = 0
    rejected: int = 0
    quarantined: int = 0
    unrouted: int = 0
    #: events whose sender was refused, or gave up before the relay accepted them
    not_taken: int = 0
    #: events that took effect nowhere and that nothing accounts for
    lost: int = 0
    #: events that a person purged, or that a restored ledger has forgotten and no message held, and
    #: that no archive brought back
    purged: int = 0
    #: second, third, ... effects of one event
    doubled: int = 0
    #: of those, the ones that no record lists as possible
    undetected: int = 0
    #: the ones caused by a renaming without `formerly`, which docs/runbook.md announces: no record
    #: lists them, since nothing connects the new name to the old one
    renamed: int = 0
    #: the ones of events that a restored ledger had forgotten, also announced by docs/runbook.md
    forgotten: int = 0
    #: the ones that a person had delivered again
    redone: int = 0
    #: events without an effect whose case a person closed
    closed: int = 0
    #: why people were asked about events that Genesys would have taken, by code
    reasons: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def check(history: History, regime: Regime) -> Account:
    account = Account()
    traces = whereabouts(history)
    account.violations += _standing(history, traces)
    account.violations += _keys_and_bodies(history)
    if not (regime.key.honoured_s or regime.is_repeatable):
        account.violations += _unread(history)
    account.violations += _listed_too_often(history)
    account.violations += list(_records(history))
    account.violations += list(exceeded(history))
    for fact in history.facts:
        _judge(fact, traces, history, regime, account)
    echoes = {n for e in history.effects for n in _ECHO.findall(json.dumps(e.item))}
    if echoes - history.forgotten.requests:
        account.violations.append("an event that a request caused was written back")
    return account


def _standing(history: History, traces: Whereabouts) -> Iterator[str]:
    """What must not be left at the end, and what no record may ever be."""
    yield from dict.fromkeys(history.unsound)
    yield from dict.fromkeys(history.strays)
    if not history.at_rest:
        yield "the run did not come to rest"
        return
    for name, messages in history.queued.items():
        if messages:
            yield f"{len(messages)} messages are stuck in {name}"
    for message in history.dropped:
        if not _is_spent(message, history, traces):
            yield f"a message was dropped at the end of its retention: {message.body[:80]}"
    for error in dict.fromkeys(history.errors):
        yield f"an unforeseen error: {error}"


def _is_spent(message: Message, history: History, traces: Whereabouts) -> bool:
    """It killed each writer that received it. SQS counts 800 receives in 93 hours, so after a rest
    of its queue it drops the message; by their record, reconcile has given its events to a person.
    """
    numbers = numbers_of(message.body)
    killed = history.ending.stumble == "kills write" and message.receives > 0
    is_doomed = killed and not history.stuck.isdisjoint(numbers)
    return is_doomed and all(number in traces.parked for number in numbers)


def _keys_and_bodies(history: History) -> Iterator[str]:
    """A request may only be repeated unchanged, and only under an open record."""
    bodies: dict[str, bytes] = {}
    for call in history.calls:
        is_another = bodies.setdefault(call.key, call.body) != call.body
        # Which of its events a request has claimed is forgotten with the claims.
        if is_another and call.key not in history.forgotten.requests:
            yield f"key {call.key} was used with two bodies"
        if call.record_state != "OPEN":
            yield f"a request was made while its record was {call.record_state}"


def _unread(history: History) -> Iterator[str]:
    """Where repetition may do harm, an answer that says nothing must not cause endless retries."""
    for key, answers in history.unread.items():
        if answers > UNREAD_MAX:
            yield f"request {key} was sent again though {answers} answers said nothing of it"


def _listed_too_often(history: History) -> Iterator[str]:
    """Each sending but the first may be listed once. If more were, later duplicates would count as
    listed, whatever made them."""
    for pk, listed in history.reposts.items():
        sendings = history.sendings.get(pk, 0)
        if listed > max(0, sendings - 1):
            yield f"{pk} lists {listed} possible duplicates, and was sent {sendings} times"


def _records(history: History) -> Iterator[str]:
    """No record without anything to finish it, and no final verdict that expires early."""
    for (pk, sk), item in history.items.items():
        if sk != "R":
            continue
        if "state" not in item and not item.get("attention"):
            continue  # a person removed it from a final record, which nobody reads again
        state = state_of(item)
        if state in WITH_A_PERSON:
            if item.get("attention") != "review":
                yield f"{pk} is {state} but not on the list for review"
            batch_id = pk.removeprefix("R#")
            is_reopened = batch_id in history.forgotten.closed  # by a restore, without its document
            if f"review/{batch_id}.json" not in history.documents and not is_reopened:
                yield f"{pk} is {state} but its document is not in the vault"
        elif state in AWAITING:
            if item.get("attention") != "overdue":
                yield f"{pk} is {state} and nobody waits for it"
        elif state not in FINISHED:
            yield f"{pk} is an orphan: {state}, and no message is left"
        if "expires_at" in item and state not in FINISHED:
            yield f"{pk} is {state} and will expire"


def _judge(
    fact: Fact, traces: Whereabouts, history: History, regime: Regime, account: Account
) -> None:
    number = fact.number
    effects = traces.effects.get(number, [])
    account.published += 1
    account.doubled += max(0, len(effects) - fact.times)
    if len(effects) > fact.times:
        _judge_double(fact, effects, traces, history, regime, account)
    answers = history.answers.get(number)
    if answers is not None and not _is_taken(number, answers, fact, traces, account):
        return
    _judge_closed(fact, traces, history, account)
    harm, forgotten = history.harm, history.forgotten
    gone = ((harm.purged - harm.replayed) | forgotten.unheld) - forgotten.replayed
    # What was purged or forgotten, and then replayed, is subject to the current routes.
    is_wanted = (
        history.deploy != "removed" or number in history.sealed - harm.purged - forgotten.unheld
    )
    match fact.kind:
        case "plain" | "poison" if not (is_wanted or effects or traces.has(number)):
            account.unrouted += 1
        case "plain" | "poison" | "malformed" if number in gone and not (
            len(effects) >= fact.times or traces.has(number)
        ):
            account.purged += 1
        case "plain" | "poison" | "malformed" if number in history.decided.closing and not (
            len(effects) >= fact.times or traces.has(number)
        ):
            account.closed += 1
        case "unrouted":
            account.unrouted += 1
            if effects:
                account.violations.append(f"event {number} is wanted by no route and was written")
        case "malformed":
            _judge_malformed(number, effects, traces, account)
        case "poison":
            _judge_poison(number, effects, traces, account)
        case _:
            _judge_plain(fact, effects, traces, history, regime, account)


def _judge_closed(fact: Fact, traces: Whereabouts, history: History, account: Account) -> None:
    """What a person has closed must not be sent afterwards, whatever happens."""
    number, decided = fact.number, history.decided
    is_told = number in history.forgotten.events or number in decided.again or fact.times > 1
    # An edited record may be that of a copy, whose case says nothing of the other request.
    is_told = is_told or number in history.harm.doctored
    if is_told or history.deploy == "forgotten":  # claims under the old name are forgotten, too
        return
    closed_ms = decided.closed_ms.get(number)
    if closed_ms is not None and traces.last_ms.get(number, 0) > closed_ms:
        account.violations.append(f"event {number} was sent after a person had closed its case")


def _judge_double(
    fact: Fact,
    effects: list[str],
    traces: Whereabouts,
    history: History,
    regime: Regime,
    account: Account,
) -> None:
    """Every surplus effect must be one that a record lists as possible: an effect of the same
    request, or of one that it was split from or into. Unrelated requests must never share an
    effect."""
    number = fact.number
    # Under another name it has no claims, and of two that share a number one may be unclaimed.
    is_told = history.deploy == "none" and fact.times == 1 and number in history.forgotten.told
    if number in history.forgotten.events and not is_told:
        account.forgotten += len(effects) - fact.times
        return
    kin = Counter(_ancestor(key, history) for key in effects)
    names = (
        {history.names.get(f"R#{key}") for key in kin} if history.deploy == "forgotten" else {""}
    )
    account.renamed += len(names) - 1
    listed = Counter[str]()
    for key in traces.keys[number]:
        listed[_ancestor(key, history)] += history.reposts.get(f"R#{key}", 0)
    again = history.decided.again.get(number, set())
    account.redone += min(len(again), len(effects) - fact.times)
    listed.update(_ancestor(case, history) for case in again)
    due = fact.times * len(names) + len(again)
    if history.deploy == "forgotten" and fact.times > 1:
        # Which of the two genuine events a made one stood for is on record, but under no name that
        # has claims: it stands for neither then, and may take effect beside both.
        due += len(BACKFILLS)
    unlisted = sum(max(0, kin[key] - 1 - listed[key]) for key in kin)
    undetected = max(0, len(kin) - due) + unlisted
    account.undetected += undetected
    if regime.doubles == "never" and len(effects) > due and not is_told:
        keys = dict(Counter(effects))
        account.violations.append(f"event {number} took effect {len(effects)} times: {keys}")
    elif undetected:
        account.violations.append(f"event {number} was doubled and no record lists it")


def _is_taken(
    number: int, answers: list[str], fact: Fact, traces: Whereabouts, account: Account
) -> bool:
    """Whether the relay is responsible for an application's event: it accepted it, or the event
    came in although its sender never received the answer."""
    strange = set(answers) - TAKEN - TURNED_AWAY - UNSURE
    if strange:
        account.violations.append(f"the sender of event {number} was answered {sorted(strange)}")
    promised = bool(TAKEN & set(answers))
    came_in = promised or any(
        number in found
        for found in (traces.effects, traces.parked, traces.rejected, traces.quarantined)
    )
    if fact.kind == "refused" and came_in:
        account.violations.append(f"event {number} had to be turned away: {answers}")
    elif fact.persists and not promised and not TURNED_AWAY & set(answers):
        account.violations.append(f"event {number} was never taken, however often it was sent")
    elif fact.kind != "refused" and TURNED_AWAY & set(answers):
        account.violations.append(f"event {number} was turned away: {answers}")
    if not came_in:
        account.not_taken += 1
    return came_in and fact.kind != "refused"


def _ancestor(key: str, history: History) -> str:
    """The original request that was split, possibly several times, into this one."""
    while f"R#{key}" in history.parents:
        key = history.parents[f"R#{key}"]
    return key


def _judge_malformed(
    number: int, effects: list[str], traces: Whereabouts, account: Account
) -> None:
    if effects:
        account.violations.append(f"malformed event {number} was written")
    if number in traces.quarantined:
        account.quarantined += 1
    else:
        account.lost += 1
        account.violations.append(f"malformed event {number} is not in the quarantine")


def _judge_poison(number: int, effects: list[str], traces: Whereabouts, account: Account) -> None:
    if effects:
        account.violations.append(f"event {number}, which Genesys refuses, took effect")
    if number in traces.rejected:
        account.rejected += 1
    elif number in traces.parked or number in traces.quarantined:
        account.parked += 1
    else:
        account.lost += 1
        account.violations.append(f"event {number}, which Genesys refuses, vanished")


def _judge_plain(
    fact: Fact,
    effects: list[str],
    traces: Whereabouts,
    history: History,
    regime: Regime,
    account: Account,
) -> None:
    number = fact.number
    wanted = fact.item
    # Where keys are honoured, what was made anew after a restore may get an older request's answer.
    is_astray = number in traces.reissued & history.forgotten.events
    is_stuck = number in history.stuck | history.unactivated or is_astray
    if wanted is not None and any(item != wanted for item in traces.items.get(number, ())):
        account.violations.append(f"event {number} took effect as something else")
    # If two share a number, a deploy may have left one of them without a route.
    if len(effects) >= (1 if history.deploy == "removed" else fact.times):
        account.delivered += 1
    elif number in traces.parked or number in traces.quarantined:
        account.parked += 1
    elif number in history.harm.emptied & history.forgotten.events and history.deploy == "removed":
        # Its message was purged and its record forgotten; when the archive brought it back, no
        # route took it any more.
        account.unrouted += 1
    elif fact.times > len(effects) > 0 and number in history.forgotten.events:
        # Two of one moment and a made event: the ledger forgot which of the two the made one had
        # met, so the other counts as its copy, too. Only a replay would tell them apart again.
        account.purged += 1
    else:
        account.lost += 1
        account.violations.append(f"event {number} is lost")
    if number in traces.rejected and not is_stuck:
        account.violations.append(f"event {number} counts as rejected, which it never was")
    for reason in dict.fromkeys(traces.parked.get(number, ()) if not is_stuck else ()):
        account.reasons[read_reason(reason).code.name] += 1
        if not may_be_parked(reason, number, traces.keys[number], history, regime):
            account.violations.append(f"event {number} was given to a person: {reason}")
    set_aside = traces.quarantined if not history.dead_lettered["events"] else traces.unreadable
    # Every message of its parts, too, may have been purged, or nobody knows what became of them.
    is_left = traces.split & (history.harm.emptied | history.forgotten.events)
    if number in set_aside - history.harm.edited - is_left:
        account.violations.append(f"event {number} is in the quarantine though it can be read")
