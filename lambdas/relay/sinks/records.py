"""An AWS service that takes records and says of each whether it was accepted."""

from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.genesys.client import Posted
from lambdas.relay.genesys.outcomes import Accepted, Deferred, Outcome, Refused, Unsure
from lambdas.relay.kernel.ports import (
    Busy,
    NotSent,
    Record,
    Records,
    Rejected,
    Taken,
    Unanswered,
)
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch

#: codes of single records that are temporary; a record with another code will always be refused
#: (the API references of PutEvents, SendMessageBatch and PutRecordBatch)
PASSING = frozenset(
    {
        "InternalError",
        "InternalException",
        "InternalFailure",
        "RequestThrottled",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottledException",
        "ThrottlingException",
    }
)


@dataclass(frozen=True, slots=True)
class RecordsClient:
    records: Records

    def post(self, batch: Batch, destination: Destination) -> Posted:
        sent = [
            Record(f"{batch.batch_id}.{number}", event.item, event.owner)
            for number, event in enumerate(batch.events)
        ]
        return Posted(judge(self.records.put(batch.target.path, sent)), None)


def judge(answer: Taken | Busy | NotSent | Rejected | Unanswered) -> Outcome:
    """What an answer means."""
    match answer:
        case Unanswered(reason):
            return Unsure(reason)
        case NotSent(reason):
            return Deferred(reason, None, None)
        case Busy(reason):
            return Deferred(reason, None, 429, is_fault=False)
        case Rejected(reason):
            # Splitting the request shows which record is the cause.
            return Refused(400, reason, "")
        case Taken(codes, passing):
            may_pass = PASSING | passing
            if codes and all(code in may_pass for code in codes):
                # No record was accepted: the whole request can be repeated as it is.
                return Deferred(Code.NO_RECORD_TAKEN(codes[0]), None, 429, is_fault=False)
            failures = [
                ItemFailure(number, retryable=code in may_pass, reason=code)
                for number, code in enumerate(codes)
                if code
            ]
            return Accepted(failures, "", "")
