"""Every limit the relay lives under: what it is, its unit, where the number comes from.

The functions and the stack both read them here, so that a queue's visibility and the lease that
it must outlast cannot drift apart. Durations that belong together are a `Timing`; there is one
for AWS (`LIVE`) and one that keeps every relation with smaller numbers (`REHEARSAL`), for the
embedded run. `relations` says what must hold between them; the stack asserts it at synthesis.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

# --- SQS: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
#: 1 MiB since August 2025, body and attributes together
SQS_MESSAGE_BYTES_MAX = 1_048_576
#: a message can stay hidden for 12 hours from the moment it was received
SQS_VISIBILITY_MAX_S = 12 * HOUR_S
SQS_DELAY_MAX_S = 15 * MINUTE_S
#: SendMessageBatch, DeleteMessageBatch
SQS_ENTRIES_MAX = 10
#: our choice: a message that nears this age is dead-lettered by us, never dropped by SQS
SOURCE_RETENTION_S = 4 * DAY_S
#: SQS's maximum; a dead letter keeps the time of its *first* enqueueing
DEAD_RETENTION_S = 14 * DAY_S
#: a message older than this when received is dead-lettered at once, with the reason
MESSAGE_AGE_MAX_S = SOURCE_RETENTION_S - 1 * DAY_S

QUEUES: Mapping[str, str] = {
    "events": "intake",
    "batches": "dedup",
    "writes": "write",
    "checks": "confirm",
}
#: receives before SQS dead-letters a message. Waiting for Genesys costs receives too, hence the
#: hundreds: what is poison is decided by the record's attempts, not by this counter.
RECEIVES_MAX: Mapping[str, int] = {"events": 10, "batches": 100, "writes": 400, "checks": 100}
#: messages per invocation. A write message is one request, so a timeout never doubles a neighbour.
MESSAGES_PER_INVOCATION: Mapping[str, int] = {
    "events": 500,
    "batches": 10,
    "writes": 1,
    "checks": 10,
}

# --- sealing
#: events per sealed batch where the destination names no other number
BATCH_EVENTS_DEFAULT = 50
#: leaves room below SQS's limit for the message's attributes
SEALED_BYTES_MAX = 900_000
#: deeper JSON is no contact-centre event and could exhaust a parser's stack
JSON_DEPTH_MAX = 64
#: a reason in records, attributes and logs is cut to this; the vault keeps the whole
REASON_CHARS_MAX = 500

# --- Genesys
#: `request.bytes.max` of the platform API's limits
GENESYS_BODY_BYTES_MAX = 512_000
#: `client.credentials.token.rate.per.minute`
GENESYS_REQUESTS_PER_MINUTE = 300
#: answers are not read beyond this: no bulk answer of Genesys comes near it
GENESYS_ANSWER_BYTES_MAX = 5_000_000

# --- the ledger
#: how long claims and final records stay
CLAIM_TTL_S = 30 * DAY_S
#: Genesys publishes again for up to four days when AWS was out of its reach
SOURCE_REPUBLISH_S = 4 * DAY_S
#: EventBridge retries a target for 24 hours
EVENTBRIDGE_RETRY_S = 1 * DAY_S
#: an event accepted longer ago is parked: a claim on it could have expired unseen (R5)
HORIZON_S = CLAIM_TTL_S - SOURCE_REPUBLISH_S - 1 * DAY_S
#: a destination's idempotency key is trusted this much less long than it promises (R4)
KEY_TRUST_MARGIN_S = 1 * HOUR_S
#: requests with an unknown outcome, per batch, before a person is asked
ATTEMPTS_MAX = 25
#: halving 1,000 events down to one takes ten splits
SPLIT_DEPTH_MAX = 12
#: DynamoDB BatchExecuteStatement takes 25 statements, BatchGetItem 100 keys
CLAIMS_PER_ROUND_TRIP = 25
KEYS_PER_ROUND_TRIP = 100

# --- waiting
#: a wait up to this is slept; a longer one becomes visibility time and costs no Lambda time
SLEEP_MAX_S = 2.0
BACKOFF_BASE_S = 2.0
BACKOFF_MAX_S = 15.0 * MINUTE_S

# --- reconciliation
RECONCILE_EVERY_S = 15 * MINUTE_S
#: a dead letter is sent back to work this often before a person is asked
REDRIVES_MAX = 3
REDRIVES_PER_RUN_MAX = 2_000
#: a request's record that is not final after this long is overdue
OVERDUE_S = 1 * HOUR_S


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations that must keep their order, in seconds."""

    function_timeout_s: Mapping[str, int]
    visibility_s: Mapping[str, int]
    connect_timeout_s: float
    #: after this the client gives up; whether the request took effect is then unknown
    request_timeout_s: float
    #: how long after our giving up Genesys may still apply the request (assumed: R1)
    late_effect_s: float
    #: tolerated difference between the clocks of two functions
    clock_skew_s: float
    #: a function with less than this left starts nothing new
    deadline_margin_s: float

    @property
    def request_s(self) -> float:
        """The longest that one request can take."""
        return self.connect_timeout_s + self.request_timeout_s

    @property
    def quarantine_s(self) -> float:
        """How long after its invocation's end an attempt can still surprise us (R1)."""
        return self.request_s + self.late_effect_s + 2 * self.clock_skew_s

    def relations(self) -> Iterator[tuple[str, bool]]:
        """What must hold, in words, and whether it does."""
        for queue, verb in QUEUES.items():
            timeout, visibility = self.function_timeout_s[verb], self.visibility_s[queue]
            # docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            yield f"visibility of {queue} >= 6 x timeout of {verb}", visibility >= 6 * timeout
            yield (
                f"a crash-looping message of {queue} is dead-lettered before it expires",
                RECEIVES_MAX[queue] * visibility < SOURCE_RETENTION_S,
            )
        write_s = self.function_timeout_s["write"]
        yield (
            "visibility of writes > timeout of write + quarantine",
            self.visibility_s["writes"] > write_s + self.quarantine_s,
        )
        # A token, a request, a 401, another token, the request again.
        yield (
            "a request with two tokens fits into one invocation of write",
            4 * self.request_s + self.deadline_margin_s < write_s,
        )
        yield "dead letters outlive their source", DEAD_RETENTION_S > SOURCE_RETENTION_S
        yield "a message is dead-lettered before it expires", MESSAGE_AGE_MAX_S < SOURCE_RETENTION_S
        yield (
            "a claim outlives every copy of its event",
            CLAIM_TTL_S
            > SOURCE_REPUBLISH_S + EVENTBRIDGE_RETRY_S + SOURCE_RETENTION_S + DEAD_RETENTION_S,
        )
        yield "the horizon ends before a claim", HORIZON_S + SOURCE_REPUBLISH_S < CLAIM_TTL_S


LIVE = Timing(
    function_timeout_s={"intake": 60, "dedup": 60, "write": 60, "confirm": 60, "reconcile": 300},
    visibility_s={"events": 420, "batches": 420, "writes": 420, "checks": 420},
    connect_timeout_s=3,
    request_timeout_s=10,
    late_effect_s=30,
    clock_skew_s=5,
    deadline_margin_s=5,
)

REHEARSAL = Timing(
    function_timeout_s={"intake": 10, "dedup": 10, "write": 10, "confirm": 10, "reconcile": 30},
    visibility_s={"events": 61, "batches": 61, "writes": 61, "checks": 61},
    connect_timeout_s=0.5,
    request_timeout_s=1.5,
    late_effect_s=2,
    clock_skew_s=0.5,
    deadline_margin_s=1,
)

TIMINGS: Mapping[str, Timing] = {"live": LIVE, "rehearsal": REHEARSAL}
