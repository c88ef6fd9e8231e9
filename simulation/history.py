"""What a run leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdas.relay.kernel.ports import Item
from simulation.decisions import Decided
from simulation.deploys import Deploy
from simulation.endless import NEVER, Ending
from simulation.memory.genesys import Call, Effect
from simulation.memory.queues import Message
from simulation.restores import Forgotten
from simulation.senders import Answers
from simulation.slips import Harm
from simulation.workload import Fact


@dataclass(frozen=True, slots=True)
class History:
    """Everything that a run left behind, as an outsider can see it."""

    facts: list[Fact]
    #: the answers to senders, by the number of their event
    answers: Answers
    calls: list[Call]
    effects: list[Effect]
    #: how often a request got a 2xx answer that says nothing of it, by its key
    unread: Mapping[str, int]
    #: keys of requests that were accepted with an answer that cannot be understood
    unclear: set[str]
    #: seconds from a request's first 409 to the end of its last conflict, by its key
    conflicts: Mapping[str, int]
    #: numbers of the events that were refused before their kind was activated
    unactivated: set[int]
    #: messages still in a queue, by the queue's name
    queued: Mapping[str, list[Message]]
    #: messages that SQS dropped because they were too old
    dropped: list[Message]
    #: how many dead letters there ever were, by the queue that they came from
    dead_lettered: Mapping[str, int]
    documents: Mapping[str, str]
    items: Mapping[tuple[str, str], Item]
    #: possible duplicates that a record lists, by its key; kept here for records that have expired
    reposts: Mapping[str, int]
    #: how often each request began to be sent, kept in the same way
    sendings: Mapping[str, int]
    #: the key of the request that a request was split from, kept in the same way
    parents: Mapping[str, str]
    #: what was wrong with a record when it was written
    unsound: list[str]
    #: messages that functions sent to a queue of another kind
    strays: list[str]
    #: numbers of events that intake has sealed: from then on the relay is responsible for them
    sealed: set[int]
    #: what people did to events that cannot be undone
    harm: Harm
    #: what a restored ledger has forgotten
    forgotten: Forgotten
    #: what happened to the configuration meanwhile
    deploy: Deploy
    #: the destination that a request's record names, by its key, kept in the same way as `reposts`
    names: Mapping[str, str]
    #: errors that ended an invocation, or that a function caught as unexpected
    errors: list[str]
    #: whether the run came to rest by itself
    at_rest: bool
    #: what never worked again, and the numbers of the events affected
    ending: Ending = NEVER
    stuck: frozenset[int] = frozenset()
    #: what people decided on cases
    decided: Decided = field(default_factory=Decided)
    #: how much work there was
    redriven: int = 0
    invocations: int = 0
    lines: int = 0
    #: from the beginning to when the last record was finished or reached a person, and to the last
    #: of everything
    verdict_days: float = 0.0
    days: float = 0.0
