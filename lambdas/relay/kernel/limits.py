"""Every limit of the relay: what it is, its unit, and where the number comes from.

The functions and the stack both read them here, so that a queue's visibility and the lease that
it must outlast cannot diverge. Durations that belong together are a `Timing`; there is one for AWS
(`LIVE`) and one with smaller numbers that keeps every relation (`REHEARSAL`), for the embedded
run. `relations` says what must hold between them; the stack asserts it at synthesis.
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
#: our choice: we dead-letter a message before it reaches this age, so SQS never drops it
SOURCE_RETENTION_S = 4 * DAY_S
#: SQS's maximum; for a dead letter it counts from when the message was *first* sent
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
#: hundreds (a day of outage costs about 800). Whether a message is poison is decided by the
#: record's attempts, not by this counter.
RECEIVES_MAX: Mapping[str, int] = {"events": 10, "batches": 100, "writes": 800, "checks": 100}
#: messages per invocation. write takes one, so a timeout never repeats another message's request.
MESSAGES_PER_INVOCATION: Mapping[str, int] = {
    "events": 500,
    "batches": 10,
    "writes": 1,
    "checks": 10,
}

# --- DynamoDB: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
#: names and values of all attributes together
DYNAMODB_ITEM_BYTES_MAX = 400 * 1024
DYNAMODB_PARTITION_KEY_BYTES_MAX = 2048
DYNAMODB_SORT_KEY_BYTES_MAX = 1024
#: digits of a number, and the largest power of ten
DYNAMODB_NUMBER_DIGITS_MAX = 38

# --- sealing
#: events per sealed batch if the destination sets no other number
BATCH_EVENTS_DEFAULT = 50
#: leaves room below SQS's limit for the message's attributes
SEALED_BYTES_MAX = 900_000
#: bytes that name the events in a request's record; a DynamoDB item has room for 409,600
RECORD_EVENTS_BYTES_MAX = 100_000
#: web servers refuse longer paths; Genesys' longest has about 200 bytes
PATH_BYTES_MAX = 2_048
#: a larger number is not a plausible count
COUNT_MAX = 2**53
#: deeper JSON is not a contact-centre event and could exhaust a parser's stack
JSON_DEPTH_MAX = 64
#: a reason in records, attributes and logs is cut to this; the vault keeps the whole
REASON_CHARS_MAX = 500

# --- the webhook
#: our choice: more than any event; as ASCII, it is at most three times as long and fits a message
WEBHOOK_BODY_BYTES_MAX = 262_144
WEBHOOK_STRANGERS_PER_MINUTE = 60  # unproven requests for which an instance reads the keys again
#: how long a sender is told to wait after 429 and 503
WEBHOOK_RETRY_AFTER_S = 5
#: API Gateway waits this long for the function,
#: docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
HTTP_API_TIMEOUT_S = 30

# --- Genesys
#: `request.bytes.max` of the platform API's limits
GENESYS_BODY_BYTES_MAX = 512_000
#: the bytes of a request besides its items
REQUEST_FRAME_BYTES = 100
#: `client.credentials.token.rate.per.minute`
GENESYS_REQUESTS_PER_MINUTE = 300
#: requests are counted in windows of this length; the first request after a window starts the next
GENESYS_WINDOW_S = 60
#: a window may start at most this much later than we assume, if its first request is slow
WINDOW_END_UNKNOWN_S = 15
#: slots of the rate limit that an instance takes from the ledger with one write
SLOTS_PER_LEASE_MAX = 16
#: how soon to check again whether requests in progress have left slots unused
PEEK_MIN_S = 0.5
#: answers are not read beyond this; Genesys' bulk answers are far smaller
GENESYS_ANSWER_BYTES_MAX = 5_000_000

# --- the token
#: a token is renewed after this share of its life, so that none expires during a request
TOKEN_LIFE_USED = 0.8
#: organisations under HIPAA end a token that was idle for 15 minutes, regardless of its life
TOKEN_IDLE_MAX_S = 14 * MINUTE_S
#: until we ask again after Genesys refused our credentials, which a person has to correct
CREDENTIALS_PAUSE_S = 60.0
#: until we ask again after Genesys gave too many tokens, if it does not say how long to wait
LOGIN_PAUSE_S = 30.0

# --- the ledger
#: how long claims and final records are kept
CLAIM_TTL_S = 30 * DAY_S
#: how far back DynamoDB can restore a table (Developer Guide, "Point-in-time recovery")
RESTORABLE_S = 35 * DAY_S
#: if Genesys could not reach AWS, it publishes events again for up to four days
SOURCE_REPUBLISH_S = 4 * DAY_S
#: EventBridge retries a target for 24 hours
EVENTBRIDGE_RETRY_S = 1 * DAY_S
#: an event accepted longer ago is parked: a claim on it could have expired unseen (R5)
HORIZON_S = CLAIM_TTL_S - SOURCE_REPUBLISH_S - 1 * DAY_S
#: a destination's idempotency key is trusted this much less long than it promises (R4)
KEY_TRUST_MARGIN_S = 1 * HOUR_S
#: requests with an unknown outcome, per batch, before a person is asked
ATTEMPTS_MAX = 25
#: a request that Genesys refuses with 409 is repeated for this long; then a person is asked
CONFLICT_MAX_S = 1 * HOUR_S
#: halving 1,000 events down to one takes ten splits
SPLIT_DEPTH_MAX = 12
#: DynamoDB BatchExecuteStatement takes 25 statements, BatchGetItem 100 keys
CLAIMS_PER_ROUND_TRIP = 25
KEYS_PER_ROUND_TRIP = 100

#: claims that an instance of dedup remembers, 300 bytes each; most copies arrive within minutes
KNOWN_CLAIMS_MAX = 20_000
KNOWN_CLAIMS_S = 5 * MINUTE_S
#: a ledger call that takes this long is slow: DynamoDB takes about 10 ms, for 50 claims 50 ms
LEDGER_SLOW_S = 1.0
#: slow calls in a row before an instance of dedup stops calling the ledger, and for how long
LEDGER_SLOW_CALLS_MAX = 3
LEDGER_PAUSE_MIN_S = 5.0
LEDGER_PAUSE_MAX_S = 60.0

# --- waiting
#: a function sleeps for up to this long; a longer wait becomes visibility and costs no Lambda time
SLEEP_MAX_S = 2.0
#: SQS hides a message for whole seconds; one that waits for a certain time comes back this much
#: earlier, and its function sleeps for the rest, or every window would start late
EARLY_S = 1.0
BACKOFF_BASE_S = 2.0
BACKOFF_MAX_S = 15.0 * MINUTE_S
#: work that waits for a person (a deployment) is tried again after this share of the time that it
#: has waited: soon while a repair is likely, rarely after days
PATIENCE_SHARE = 1 / 8
PATIENCE_MAX_S = 1.0 * HOUR_S

# --- the breaker
#: failures in a row, of all writers together, before requests to a destination stop; each of them
#: may leave a request with an unknown outcome
FAILURES_MAX = 5
#: single events in a row that Genesys refuses: then the cause is not in the events
REFUSALS_MAX = 20
#: the time between two probes: short at first, then this share of the outage's age
PROBE_PAUSE_MIN_S = 10.0
PROBE_PAUSE_MAX_S = 120.0
PROBE_PAUSE_SHARE = 1 / 32
#: an instance's knowledge of the breaker is at most this old
BREAKER_FRESH_S = 5.0
#: what the functions before write know of waiting requests is at most this old
PRESSURE_FRESH_S = 2.0
#: while requests wait, small batches are merged at this interval; a batch waits for one at most
CONSOLIDATE_EVERY_S = 20
#: how often a batch may be merged: ten messages made of ten messages each fill any request
CONSOLIDATIONS_MAX = 2
#: batches with older events are not merged, since these are nearer to the horizon (R5)
CONSOLIDATED_AGE_MAX_S = 1 * DAY_S
#: a 429 with a longer wait than the client's window is from a limit of the destination itself
DESTINATION_REST_MIN_S = 60.0

# --- correlation
#: an event that arrived too early waits for the one that must precede it: one SQS delay
HOLD_S = SQS_DELAY_MAX_S
#: events that a record can hold, and the characters they may take; more wait in the queue
HELD_MAX = 20
HELD_CHARS_MAX = 16_000
#: what a record remembers of a lifecycle and its expectations; a DynamoDB item has 400 KB
SEEN_MAX = 200
SEEN_BYTES_MAX = 40_000
KEYS_EXPECTED_MAX = 100
#: before a person is asked: items of one request that are looked for; seconds of reconcile for that
ITEMS_LOOKED_MAX, LAST_LOOK_S = 50, 30
EXPECTED_BYTES_MAX = 60_000
SHOWN_CHARS_MAX = 2_000
#: what a sealed event keeps of the state it shows: 100 attributes take 6,000; longer values are
#: hashed
FACTS_CHARS_MAX = 16_000
SHOWN_VALUE_CHARS_MAX = 64
#: writes caused by one conversation's events: in a window (scripts made 10 a minute, a loop 42),
#: the window, and in total
LOOP_WRITES_MAX, LOOP_WINDOW_S, LOOP_WRITES_IN_ALL_MAX = 120, 10 * MINUTE_S, 1_000
#: an event later than this after the answer is not caused by our request: Genesys takes seconds
ECHO_WITHIN_S = 15 * MINUTE_S
#: keys of one request that a recovery asks Genesys about
KEYS_ASKED_MAX = 5
#: questions to Genesys about a request before the reconciler takes over
RECOVERY_TRIES_MAX = 3
#: how often a record that another instance changed is read again within one invocation
CHANGES_MAX = 4
#: how often an accepted request that never happened is sent again, verbatim
RESENDS_MAX = 2
#: ids of duplicates, and of contradicting events, that a record lists
LISTED_ON_RECORD_MAX = 20
#: the confirmation breaker opens at this many windows within this time, if this share of them
#: ended without an event; then only one question is asked during a pause
SILENCE_WINDOWS_MIN = 10
SILENCE_SHARE = 0.5
SILENCE_WITHIN_S = 5 * MINUTE_S
SILENCE_PAUSE_S = 2 * MINUTE_S
#: how often a window is extended before the reconciler takes over: about a day
STRETCHES_MAX = 96
#: Lambda stops a function that seems to invoke itself through a queue after about this many hops,
#: unless configured otherwise (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html)
LAMBDA_LOOP_HOPS_MAX = 16

# --- reconciliation
RECONCILE_EVERY_S = 15 * MINUTE_S
#: how often a dead letter is redriven before a person is asked
REDRIVES_MAX = 3
#: the same for one whose events only need to be sent on: that loses no event and sends none twice
SENDINGS_ON_MAX = 12
REDRIVES_PER_RUN_MAX = 2_000
#: overdue records examined in one run, records per page, and questions to Genesys in one run
RECORDS_PER_RUN_MAX = 4_000
RECORDS_PER_PAGE = 100
QUERIES_PER_RUN_MAX = 200
#: how often Genesys is asked about a request without a result, over about a day
ALIGNMENTS_MAX = 96
#: the wait for what one run could not finish, so that the next run examines and counts it again
LOOK_AGAIN_S = RECONCILE_EVERY_S - 5 * MINUTE_S
#: a request not finished by then is given to a person, who can still replay the archive or resolve
#: it as *again*: the vault holds its payload
GONE_AFTER_S = 2 * SOURCE_RETENTION_S
#: the shortest time for which a bus's archive can keep events
ARCHIVE_DAYS_MIN = 1
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
    #: how long after we give up Genesys may still apply the request (assumed: R1)
    late_effect_s: float
    #: tolerated difference between the clocks of two functions
    clock_skew_s: float
    #: a function with less time than this left starts nothing new
    deadline_margin_s: float
    #: the wait before a dead letter's first redrive; doubles with each
    redrive_backoff_s: float

    @property
    def request_s(self) -> float:
        """The longest that one request can take."""
        return self.connect_timeout_s + self.request_timeout_s

    @property
    def quarantine_s(self) -> float:
        """How long after its invocation's end an attempt can still take effect (R1)."""
        return self.request_s + self.late_effect_s + 2 * self.clock_skew_s

    @property
    def answer_wait_s(self) -> float:
        """How long after an event the answer to the request that caused it may still be missing."""
        return self.function_timeout_s["write"] + 2 * self.clock_skew_s

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
        yield (
            "the webhook's function ends before API Gateway gives it up",
            self.function_timeout_s["webhook"] < HTTP_API_TIMEOUT_S,
        )
        yield (
            "an event of the webhook fits into a message",
            3 * WEBHOOK_BODY_BYTES_MAX + 10_000 < SQS_MESSAGE_BYTES_MAX,
        )
        yield "dead letters outlive their source", DEAD_RETENTION_S > SOURCE_RETENTION_S
        yield "a message is dead-lettered before it expires", MESSAGE_AGE_MAX_S < SOURCE_RETENTION_S
        yield (
            "a claim outlives every copy of its event",
            CLAIM_TTL_S
            > SOURCE_REPUBLISH_S + EVENTBRIDGE_RETRY_S + SOURCE_RETENTION_S + DEAD_RETENTION_S,
        )
        yield (
            "what a run of reconcile put off is due in the next",
            LOOK_AGAIN_S + self.function_timeout_s["reconcile"] <= RECONCILE_EVERY_S,
        )
        yield (
            "such a request is a person's before its claims and its payload expire",
            GONE_AFTER_S + OVERDUE_S < HORIZON_S,
        )
        yield "the horizon ends before a claim", HORIZON_S + SOURCE_REPUBLISH_S < CLAIM_TTL_S


LIVE = Timing(
    function_timeout_s={
        **dict.fromkeys((*QUEUES.values(), "alert"), 60),
        "reconcile": 300,
        "webhook": 25,
        "audit": 900,
    },
    visibility_s={"events": 420, "batches": 420, "writes": 420, "checks": 420},
    connect_timeout_s=3,
    request_timeout_s=10,
    late_effect_s=30,
    clock_skew_s=5,
    deadline_margin_s=5,
    redrive_backoff_s=60,
)

REHEARSAL = Timing(
    function_timeout_s={
        **dict.fromkeys((*QUEUES.values(), "alert"), 10),
        "reconcile": 30,
        "webhook": 25,
        "audit": 60,
    },
    visibility_s={"events": 61, "batches": 61, "writes": 61, "checks": 61},
    connect_timeout_s=0.5,
    request_timeout_s=1.5,
    late_effect_s=2,
    clock_skew_s=0.5,
    deadline_margin_s=1,
    redrive_backoff_s=1,
)

TIMINGS: Mapping[str, Timing] = {"live": LIVE, "rehearsal": REHEARSAL}
