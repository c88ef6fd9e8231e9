"""Mistakes about destinations outside Genesys: what a service of AWS says of records."""

from collections.abc import Mapping
from dataclasses import replace

from lambdas.relay.genesys.outcomes import Accepted, Deferred, Outcome
from lambdas.relay.kernel.ports import Busy, NotSent, Rejected, Taken, Unanswered
from lambdas.relay.sinks import records
from simulation.fault_plan import Kind
from simulation.mutants.mutant import Mutant
from simulation.scenario import Scenario, with_sink
from simulation.workload import Shares

_Answer = Taken | Busy | NotSent | Rejected | Unanswered
_judge = records.judge
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


def _with_sink(scenario: Scenario) -> Scenario:
    return replace(with_sink(scenario), shares=Shares(poison=0.1, odd=0.0, copies=0.1))


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
)
