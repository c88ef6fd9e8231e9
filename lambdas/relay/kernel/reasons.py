"""Reasons: a closed set of codes, each with the sentence that people are shown for it.

Records, dead letters, logs and the quarantine hold the code and its details:

    REDRIVES_EXHAUSTED | writes | NO_SLOT

Programs compare codes. `sentence` is the only place where a code becomes a sentence; whoever shows
a reason calls it. A detail may itself be a reason: each code takes a fixed number of details, so
the text can be parsed from left to right. Earlier releases wrote sentences, which are shown
unchanged. docs/reasons.md lists all codes.
"""

from dataclasses import dataclass
from enum import Enum, unique

from lambdas.relay.kernel.limits import (
    CONFLICT_MAX_S,
    GENESYS_ANSWER_BYTES_MAX,
    JSON_DEPTH_MAX,
    LOOP_WINDOW_S,
    LOOP_WRITES_IN_ALL_MAX,
    LOOP_WRITES_MAX,
    MESSAGE_AGE_MAX_S,
    PATH_BYTES_MAX,
    REDRIVES_MAX,
    SEALED_BYTES_MAX,
    SQS_MESSAGE_BYTES_MAX,
    WEBHOOK_BODY_BYTES_MAX,
)

SEPARATOR = " | "
#: what to do when Genesys gives no token for our credentials; it follows Genesys' own words
CREDENTIALS_ADVICE = (
    "Compare the client id and secret in Secrets Manager (output GenesysSecretName) with the OAuth "
    "client in Genesys Cloud Admin: a grant of the kind Client Credentials, active, in the "
    "organisation whose region the environment file names."
)


@unique
class Code(Enum):
    """A code and its sentence, with a place for each detail."""

    #: text from elsewhere, shown unchanged: EventBridge's, a person's, an earlier release's
    QUOTED = "{}"

    # --- unreadable input
    NOT_UTF8 = "{} is not UTF-8 at byte {}"
    NOT_JSON = "{} is not JSON: {}"
    NOT_A_NUMBER = "{} holds {}, which is not JSON"
    NUMBER_TOO_LARGE = "{} holds the number {}, which is too large"
    NUMBER_TOO_LONG = "{} holds a number with too many digits"
    NESTED_TOO_DEEP = f"{{}} is nested more than {JSON_DEPTH_MAX} levels deep"
    NOT_AN_OBJECT = "{} is {}, not an object"
    NO_MEMBER = "{} has no {}"
    MEMBER_OF_ANOTHER_TYPE = "in {}, {} is {}, not {}"
    MEMBER_UNKNOWN = "{} has the unknown member {}; a business event may have {}"
    MEMBER_LENGTH = "in {}, {} has {} characters; it must have 1 to {}"
    NO_MOMENT = (
        "in {}, {} is {} that is not a valid time: give ISO 8601 with an offset, such as "
        "2026-01-31T09:30:00Z, or the number of seconds, milliseconds, microseconds or "
        "nanoseconds since 1970"
    )
    NO_MOMENT_WITH_OFFSET = (
        "in {}, {} is not a date and time with an offset, such as 2026-01-31T09:30:00Z"
    )
    NO_CORRELATION_ID = (
        "in {}, correlationId must be 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', ':' and '-'"
    )
    TOO_MANY_IDENTIFIERS = "{} has {} identifiers; at most {} are allowed"
    NO_IDENTIFIER = "in {}, an identifier is not a string of 1 to {} characters"
    NO_MEMBERS = "{} is empty"
    NO_SHAPE = (
        "{} has neither an eventBody, as Genesys' events have, nor both conversationId and "
        "timestamp, as flat events have"
    )
    NOT_KNOWN_BY_MOMENT = (
        "it was made from Genesys' record, but the identity rule of its type is not moment, so the "
        "genuine event would not be recognised as a copy"
    )
    EVENTBRIDGE_NOTICE = "the envelope is EventBridge's own notice, not an event from a source"
    NO_CHECK = "the message is not a valid check: {}"
    NO_BATCH = "the message is not a valid sealed batch: {}"
    BATCH_FORMAT = "the message has format {}; this release reads {}"
    BATCH_EDITED = "the batch was changed after it was sealed: its checksum is wrong"
    CONTRADICTS = "it has the id of request {}, which is about {}, not {}"

    # --- events that no destination can take
    ROUTE_FAILED = "route {}: {}"
    CONDITION_FAILED = "route {}, when: {}"
    AND = "{}; {}"
    EXPRESSION_FAILED = "the expression {} failed: {}"
    ITEM_INCOMPLETE = "the mapping gives no {}, which {} needs"
    ITEM_NUMBER = "the mapping gives a number that JSON cannot represent"
    ITEM_TOO_LARGE = "its item has {} bytes; a request has room for {}"
    SEALED_TOO_LARGE = f"sealed, it has {{}} bytes; a message has room for {SEALED_BYTES_MAX}"
    PATH_TOO_LONG = f"its path has {{}} bytes; at most {PATH_BYTES_MAX} are allowed"
    NO_LIST = "destination {} has no list for events of {}"
    NO_ID = "the path needs {}, which is missing"
    ID_TOO_LONG = "{} has {} characters; an id has at most {}"
    ID_UNPRINTABLE = "{} contains a space, a control character or an unpaired surrogate"
    ID_LEADS_ELSEWHERE = "{} is not a valid id: in a path it would lead to another resource"
    ID_NAMES_ANOTHER = (
        "{} is not a valid id: {} is a word in Genesys' own paths and leads to another endpoint"
    )
    PATH_LEADS_ELSEWHERE = "not sent: its path would lead to another resource"

    # --- what the webhook refuses
    BODY_TOO_LARGE = f"the body has {{}} bytes; at most {WEBHOOK_BODY_BYTES_MAX} are allowed"
    BODY_OF_GENESYS = "the body has an eventBody, which only Genesys' own events may have"
    NO_TIMESTAMP = "{} must be the time of signing in whole seconds since 1970"
    WRONG_SIGNATURE = "{} does not match {}, the path and the body, or the sender is unknown"
    SIGNED_EARLY = (
        "the request was signed {} s ago by our clock; at most {} s are allowed: sign the "
        "same body again"
    )
    SIGNED_LATE = (
        "the request was signed {} s in the future by our clock; at most {} s are allowed: correct "
        "the sender's clock and sign the same body again"
    )
    WRONG_TOKEN = "{} must be Bearer and the sender's token, or the sender is unknown"
    NOT_PERMITTED = "{} may not send events of this type"
    TOO_MANY_STRANGERS = "too many unauthenticated requests; send it again later"
    TOO_MANY_REQUESTS = "more than {} requests a minute; send it again later"
    TOO_MANY_EVENTS = "too many events at the moment; slow down and send it again"
    NOT_QUEUED = "the event may not have been queued; send it again"

    # --- failures of AWS and of the network
    CALL_FAILED = "{}: {}"
    CALL_REFUSED = "{}: {}, and a retry would not help"
    MESSAGE_TOO_LARGE = (
        f"the message and its attributes have {{}} bytes; SQS allows {SQS_MESSAGE_BYTES_MAX}"
    )
    SECRET_UNUSABLE = "the secret is not {}; correct it in Secrets Manager"
    SENDER_KEYS_UNUSABLE = "{} cannot be used: it must be {}; correct it in Secrets Manager"
    SENDER_KEY_UNUSABLE = (
        "{} has no usable key for {}: it must be {}; correct it in Secrets Manager"
    )
    PERSONAL_KEY_UNUSABLE = (
        "the key that hashes personal names has fewer than {} characters; put the former one back "
        "in Secrets Manager"
    )
    LEDGER_SILENT = "the ledger refused a write without returning the item that is there"
    LEDGER_SPARED = "the ledger answers too slowly, so calls to it are paused"
    CONTENDED = "too many writers at {} at once"
    NO_CONNECTION = "no connection"
    PROXY_FAILED = "the proxy in HTTPS_PROXY or HTTP_PROXY refuses the connection"
    CONNECTION_FAILED = "the connection failed: {}"
    CERTIFICATE_UNTRUSTED = "the host's certificate is not trusted"
    ANSWER_WITHOUT_END = "an answer without a length"
    ANSWER_TOO_LONG = f"an answer longer than {GENESYS_ANSWER_BYTES_MAX} bytes"
    ANSWER_TOO_SLOW = "the answer took too long"

    # --- answers of Genesys and of sinks
    GENESYS_SAYS = "Genesys answered {}"
    SAID_ON_THE_WAY = "answered {}, but not by Genesys itself: perhaps by a proxy in between"
    ANSWERED = "answered {}"
    NO_SIGNING_KEY = "no usable signing key for {}; see docs/sinks.md"
    NO_RECORD_TAKEN = "none of its records was accepted: {}"
    RATE_LIMIT = "429: rate limit"
    STATUS = "status {}"
    STATUS_NOT_JSON = "status {} with a body that is not JSON"
    STATUS_ERROR = "status {} with an error document: {}"
    NOTHING_ANSWERED = "status 200 without a body, where one is expected"
    JOB_UNFULFILLED = "the job at Genesys has not succeeded; its state is {}"
    NO_TIME_LEFT = "no time left to wait for Genesys"
    NO_SLOT = "no slot left within Genesys' rate limit"
    QUOTA_USED = "{} has used up its requests per minute"
    NO_TOKEN = "no token: {}"
    CREDENTIALS_REFUSED = f"{{}}. {CREDENTIALS_ADVICE}"
    LOGIN_UNREADABLE = "no token: the login host's answer contains none"
    FAILS_NO_ITEM = "accepted, but the answer lists a failure that names no item of the request"
    FAILS_TWO_ITEMS = "accepted, but the answer lists a failure that names two items of the request"
    FAILS_AND_NOT = "accepted, but the answer lists one item both as a success and as a failure"
    FAILS_SOMEHOW = "accepted, but the answer lists errors in an unknown format"
    ITEMS_MISSING = "accepted, but the answer mentions only {} of {} items"
    SUCCESS_UNSAID = "accepted, but a result in the answer does not say whether the item succeeded"
    ITEMS_FOREIGN = "accepted, but the answer shows other items than the request's"
    FOREIGN_ANSWER = "accepted, but the answer is not one that this endpoint gives"
    MADE_UNNAMED = "accepted, but the answer does not name what was created"

    # --- why a message waits and is tried again later
    TOO_LITTLE_TIME = "too little time left in this invocation"
    GIVEN_A_REST = "the circuit breaker of {} is open"
    LEASE_HELD = "another attempt holds the lease"
    LEASE_LOST = "the lease was lost before the outcome was recorded"
    OUTCOME_UNKNOWN = "outcome unknown: {}"
    TRUTH_UNKNOWN = (
        "an earlier attempt may have taken effect, and Genesys did not say whether it did"
    )
    RECORD_REPAIRED = "its record was damaged and has been repaired"
    RECORD_BUSY = "the record kept changing while it was read"
    REQUEST_UNDER_WAY = "its request is in progress"
    ANSWER_OUT = "a request that may have caused it is still waiting for its answer"
    NO_DESTINATION = "the configuration has no destination {}"
    NO_ROOM_TO_HOLD = "it came too early, and the record has no room for more early events"
    PARTS_MISSING = "its request was split, and not all parts are recorded yet"
    DUPLICATE_UNDER_WAY = "a possible duplicate, while its request is in progress"
    WINDOW_OPEN = "the window is still open"
    HELD_FOR_NOW = "an early event is still held"
    HOLD_OVER_UNDER_WAY = "an early event's hold is over, while its request is in progress"
    UNEXPECTED = "unexpected {} at {}"
    NOT_DEAD_LETTERED = "{}; not dead-lettered: {}"

    # --- dead letters
    MISPLACED = "it is {} and does not belong in this queue"
    NOT_CLAIMED = "its events are not claimed yet, so it does not belong in this queue"
    TOO_OLD = f"it waited more than {MESSAGE_AGE_MAX_S} s in its queue"
    ASKED_IN_VAIN = "{}, asked {} times"
    UNSAID = "no reason was given: the function crashed or timed out"
    UNREADABLE = "dead-lettered by {}: {}"
    NOT_CONFIGURED = "dead-lettered by {}: its destination is no longer configured"
    REDRIVES_EXHAUSTED = f"dead-lettered by {{}} after {REDRIVES_MAX} redrives: {{}}"
    NOT_SENT_ON = "dead-lettered by {} after {} redrives, before its events were sent on: {}"
    UNCOUNTABLE = "it is too large to carry a count of its redrives"

    # --- entries in a record's history
    ACCEPTED = "accepted"
    ACCEPTED_BUT = "accepted except for {} items"
    HEARD = "received {}"
    HEARD_AND_RELEASED = "received {}, which released {} held events"
    HELD = "received {} early; held until {}"
    HEARD_UNANSWERED = "its event was received, though its answer was not"
    HEARD_BEFORE = "the event that completes it had been received before"
    CONTRADICTED = "contradicted by {}, which is about {}"
    NO_EVENT = "no event within the window"
    REFUSED = "refused: {}"
    HAD_TAKEN_EFFECT = "it had taken effect: {}"
    FOUND_TAKEN = "read back: it had taken effect"
    FOUND_PARTLY_TAKEN = "read back: {} items had taken effect"
    FOUND_NOT_TAKEN = "read back: it is not among those that took effect"
    TRUTH_AGREES = "Genesys shows that it took effect, as expected"
    TRUTH_ABSENT = "no event, and Genesys has no trace of it"
    TRUTH_UNSAID = "no event, and Genesys gave no clear answer: {}"
    NOT_ASKABLE = "no event, and Genesys cannot be asked about it"
    COMPENSATED = "Genesys shows another result; compensated by {}"
    CANCELLED = "made more than once; {} stays, the others are cancelled by {}"
    SENT_AGAIN = "Genesys accepted it but has no trace of it: sent again unchanged"
    DECIDED = "{} decided: {} ({})"
    RESOLVED = "resolved"

    # --- why a person must decide
    ATTEMPTS_EXHAUSTED = "{} attempts with an unknown outcome"
    MAY_HAVE_TAKEN_EFFECT = "an earlier attempt may have taken effect"
    REFUSED_IN_DOUBT = "refused ({}), but an earlier attempt may have taken effect"
    CONFLICT_LASTS = f"refused for {CONFLICT_MAX_S} s without a break: {{}}"
    SPLIT_TOO_OFTEN = "split too often in search of the items that are refused: {}"
    ITEMS_FAIL_AGAIN = "its items kept failing with errors that Genesys calls retryable"
    RECORD_GONE = "its record is missing, so it is unknown whether it was delivered"
    RECORD_DAMAGED = "its record was damaged, so its state is unknown: {}"
    TURN_FAILED = "checking it failed {} times: {}"
    UNFORESEEN = "handling it failed with an unexpected error; the log of reconcile says where"
    BEYOND_HORIZON = "it is older than the horizon, so it is unknown whether it was delivered"
    LOOP = (
        f"a loop: the events of one conversation caused more than {LOOP_WRITES_MAX} writes within "
        f"{LOOP_WINDOW_S} s, or more than {LOOP_WRITES_IN_ALL_MAX} in total"
    )
    DUPLICATE = "Genesys has it more than once: {}"
    TRUTH_DIFFERS = "what Genesys shows is not what the request should have caused"
    HELD_IN_VAIN = "{} was received too early and held, but these events never came: {}"
    CAME_LATE = (
        "the events that an early one waited for came late; the completing event has not come"
    )
    NEVER_CONFIRMED_ABSENT = (
        "accepted, but the expected event never came, and Genesys has no trace of the request"
    )
    NEVER_CONFIRMED_NOT_ASKABLE = (
        "accepted, but the expected event never came, and Genesys cannot be asked about it"
    )
    NEVER_CONFIRMED = "accepted, but it is unknown whether it took effect: {}"
    NEVER_HAPPENED = "accepted {} times without taking effect"
    PARTS_LEFT = "it was split, but its parts were never sent"
    GONE_NOT_CONFIGURED = (
        "its message is in no queue any more, and its destination is no longer configured"
    )
    ABANDONED = "it was never completed: its message is in no queue any more, or is never processed"

    def __call__(self, *details: object) -> "Reason":
        """The reason with this code and these details, some of which may be reasons."""
        assert len(details) == self.places, f"{self.name} takes {self.places} details"
        return Reason(self, tuple(map(_detail, details)))

    @property
    def places(self) -> int:
        """How many details it takes."""
        return str(self.value).count("{}")


@dataclass(frozen=True, slots=True)
class Reason:
    """A code and its details; `str` gives the text that is stored."""

    code: Code
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        quoted = self.code is Code.QUOTED
        return self.details[0] if quoted else SEPARATOR.join((self.code.name, *self.details))

    def with_name(self, called: str, shown: str) -> "Reason":
        """The same reason with one name in its details replaced by another."""
        return Reason(self.code, tuple(shown if d == called else d for d in self.details))


def _detail(detail: object) -> str:
    if isinstance(detail, Reason):
        return str(detail)
    # Text from elsewhere must not be taken for a code, nor for two details.
    text = str(detail).replace(SEPARATOR, " / ")
    return f"'{text}'" if text in Code.__members__ else text


#: sentences of an earlier release that something still depends on
_FORMERLY = {"came and was held, but not what must precede it": Code.HELD_IN_VAIN}


def code_of(text: str) -> Code | None:
    """The code of a stored reason; None where it is text from elsewhere."""
    code = Code.__members__.get(text.partition(SEPARATOR)[0])
    return code or next((former for said, former in _FORMERLY.items() if said in text), None)


def read_reason(text: str) -> Reason:
    """A stored reason, parsed."""
    head, *details = text.split(SEPARATOR)
    return Reason(Code[head], tuple(details)) if head in Code.__members__ else Code.QUOTED(text)


def sentence(reason: Reason | str) -> str:
    """The sentence for people. A text without a code is returned unchanged."""
    tokens = str(reason).split(SEPARATOR)
    said = _said(tokens)
    return SEPARATOR.join((said, *tokens))


def _said(tokens: list[str]) -> str:
    """Takes a reason from the front of the tokens; the end of a truncated text is missing."""
    head = tokens.pop(0) if tokens else ""
    code = Code.__members__.get(head)
    if code is None:
        return head
    return str(code.value).format(*(_said(tokens) for _ in range(code.places)))
