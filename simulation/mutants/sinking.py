"""Mistakes about destinations outside Genesys: what an AWS service says about records, and how an
endpoint knows a request."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.genesys.client import Posted
from lambdas.relay.genesys.outcomes import Accepted, Deferred, Outcome, Refused, Unsure
from lambdas.relay.kernel.ports import Answer, Busy, NotSent, Rejected, Taken, Unanswered
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.sinks import https, records
from lambdas.relay.sinks.records import RecordsClient
from simulation.fault_plan import Kind
from simulation.mutants.mutant import Mutant
from simulation.scenario import Scenario, with_endpoint, with_sink
from simulation.workload import Shares

_Answer = Taken | Busy | NotSent | Rejected | Unanswered
_judge, _post = records.judge, RecordsClient.post
_judge_endpoint, _signed = https.judge, https.signed
#: some records are refused, and the faults of a call come often
_STORM: Mapping[Kind, float] = {
    "item retryable": 0.2,
    "unanswered effect": 0.2,
    "unanswered no effect": 0.2,
}


def _taken_is_taken(answer: _Answer) -> Outcome:
    return Accepted((), "", "") if isinstance(answer, Taken) else _judge(answer)


def _silence_is_not_sent(answer: _Answer) -> Outcome:
    if isinstance(answer, Unanswered):
        return Deferred(answer.reason, None, None)
    return _judge(answer)


def _busy_is_taken(answer: _Answer) -> Outcome:
    return Accepted((), "", "") if isinstance(answer, Busy) else _judge(answer)


def _refused_is_not_sent(answer: _Answer) -> Outcome:
    if isinstance(answer, Rejected):
        return Deferred(answer.reason, None, None)
    return _judge(answer)


def _each_is_refused(self: RecordsClient, batch: Batch, destination: Destination) -> Posted:
    posted = _post(self, batch, destination)
    if not isinstance(posted.outcome, Refused):
        return posted
    reason = str(posted.outcome.reason)
    failures = [ItemFailure(n, retryable=False, reason=reason) for n in range(len(batch.events))]
    return replace(posted, outcome=Accepted(failures, "", ""))


def _an_id_for_each_attempt(
    secrets: Sequence[bytes], id_: str, at_s: int, body: bytes
) -> Mapping[str, str]:
    return _signed(secrets, f"{id_}-{at_s}", at_s, body)


def _signed_without_its_id(
    secrets: Sequence[bytes], id_: str, at_s: int, body: bytes
) -> Mapping[str, str]:
    return {**_signed(secrets, "", at_s, body), "webhook-id": id_}


def _a_5xx_is_not_taken(answer: Answer | NotSent | Unanswered, now_ms: int) -> Outcome:
    outcome = _judge_endpoint(answer, now_ms)
    if isinstance(answer, Answer) and answer.status >= 500 and isinstance(outcome, Unsure):
        return Deferred(outcome.reason, None, answer.status)
    return outcome


def _with_sink(scenario: Scenario) -> Scenario:
    return replace(with_sink(scenario), shares=Shares(poison=0.1, odd=0.0, copies=0.1))


def _that_refuses_calls(scenario: Scenario) -> Scenario:
    """With calls of several records: everything is published at once."""
    staged = replace(_with_sink(scenario), sink_refuses="request", most_items=12)
    return replace(staged, events=40, publishing_s=0.0, regroups=False)


def _with_endpoint(scenario: Scenario) -> Scenario:
    return replace(with_endpoint(scenario), shares=Shares(poison=0.1, odd=0.0, copies=0.1))


SINKING = (
    Mutant(
        "what a service of AWS answers is that it has the records",
        "The call succeeded: boto3 raises where it does not.",
        ((records, "judge", _taken_is_taken),),
        storm=_STORM,
        regimes=("ignored",),
        stage=_with_sink,
    ),
    Mutant(
        "a service of AWS that does not answer has nothing",
        "A timeout is a call that did not arrive.",
        ((records, "judge", _silence_is_not_sent),),
        storm=_STORM,
        regimes=("ignored",),
        stage=_with_sink,
    ),
    Mutant(
        "a service of AWS that is busy takes it later",
        "It asks to slow down, and has the records.",
        ((records, "judge", _busy_is_taken),),
        storm={**_STORM, "429 short": 0.2},
        regimes=("ignored",),
        stage=_with_sink,
    ),
    Mutant(
        "a call that a service of AWS refuses was not sent",
        "A 4xx is about the configuration; when that is mended it is sent again.",
        ((records, "judge", _refused_is_not_sent),),
        regimes=("ignored",),
        stage=_that_refuses_calls,
    ),
    Mutant(
        "a call that a service of AWS refuses is refused for each record",
        "It says that the call is not valid.",
        ((RecordsClient, "post", _each_is_refused),),
        regimes=("ignored",),
        stage=_that_refuses_calls,
    ),
    Mutant(
        "each attempt at an endpoint has an id of its own",
        "Standard Webhooks: the id is that of a message, and each is sent once.",
        ((https, "signed", _an_id_for_each_attempt),),
        storm=_STORM,
        stage=_with_endpoint,
    ),
    Mutant(
        "what an endpoint is sent is signed without its id",
        "Whoever knows the body knows the event.",
        ((https, "signed", _signed_without_its_id),),
        stage=_with_endpoint,
    ),
    Mutant(
        "an endpoint that answers 5xx has nothing",
        "Its server failed: it asks to be sent it again.",
        ((https, "judge", _a_5xx_is_not_taken),),
        storm={**_STORM, "5xx effect": 0.2},
        stage=_with_endpoint,
    ),
)
