"""Why something is as it is: a closed set of codes, each with the sentence that it stands for.

Records, dead letters, logs and the quarantine hold the code and what differs from case to case:

    REDRIVES_EXHAUSTED | writes | NO_SLOT

Programs compare codes. People read sentences, which are made of them here and nowhere else, by
whoever shows them (`sentence`). A detail may be a reason in turn: each code takes a fixed number of
details, so the text can be read from left to right. What the releases before wrote are sentences
already, and are shown as they are. docs/reasons.md lists all of them.
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
#: what to do when Genesys gives no token for our credentials, to be said after its own words
CREDENTIALS_ADVICE = (
    "Compare the client id and secret in Secrets Manager (output GenesysSecretName) with the OAuth "
    "client in Genesys Cloud Admin: a grant of the kind Client Credentials, active, in the "
    "organisation whose region the environment file names."
)


@unique
class Code(Enum):
    """A code and its sentence, with a place for each detail."""

    #: somebody's own words: EventBridge's, a person's, those of the releases before. They are kept
    #: as they are
    QUOTED = "{}"

    # --- what nobody can read
    NOT_UTF8 = "{} is not UTF-8 at byte {}"
    NOT_JSON = "{} is not JSON: {}"
    NOT_A_NUMBER = "{} holds {}, which is not JSON"
    NUMBER_TOO_LARGE = "{} holds the number {}, which is too large"
    NUMBER_TOO_LONG = "{} holds a number with thousands of digits"
    NESTED_TOO_DEEP = f"{{}} is nested more than {JSON_DEPTH_MAX} levels deep"
    NOT_AN_OBJECT = "{} is {}, not an object"
    NO_MEMBER = "{} has no {}"
    MEMBER_OF_ANOTHER_TYPE = "in {}, {} is {}, not {}"
    MEMBER_UNKNOWN = "{} has {}, which business events do not have; they have {}"
    MEMBER_LENGTH = "in {}, {} has {} characters; it must have 1 to {}"
    NO_MOMENT = (
        "in {}, {} is {} that is no moment: say ISO 8601 with an offset, such as "
        "2026-01-31T09:30:00Z, or the number of seconds, milliseconds, microseconds or "
        "nanoseconds since 1970"
    )
    NO_MOMENT_WITH_OFFSET = (
        "in {}, {} is no date and time with its offset, such as 2026-01-31T09:30:00Z"
    )
    NO_CORRELATION_ID = (
        "in {}, correlationId is not 1 to 128 of A-Z, a-z, 0-9, '.', '_', ':' and '-'"
    )
    TOO_MANY_IDENTIFIERS = "{} has {} identifiers; at most {} are allowed"
    NO_IDENTIFIER = "in {}, an identifier is not a string of 1 to {} characters"
    NO_MEMBERS = "{} has no members, so it tells of nothing"
    NO_SHAPE = (
        "{} has no eventBody, as Genesys' events have, and not both conversationId and timestamp, "
        "as flat events have"
    )
    NOT_KNOWN_BY_MOMENT = (
        "it was made of Genesys' record, and events of its type are not known by their moment: a "
        "genuine one could not be told from it"
    )
    EVENTBRIDGE_NOTICE = "the envelope is EventBridge's own notice, not an event of a source"
    NO_CHECK = "the message is no check: {}"
    NO_BATCH = "the message is no sealed batch: {}"
    BATCH_FORMAT = "the message has format {}, this release reads {}"
    BATCH_EDITED = "the sealed batch was edited after it was sealed; its checksum is wrong"
    CONTRADICTS = "it bears the id of request {}, which concerns {}, not {}"

    # --- what no destination can take
    ROUTE_FAILED = "route {}: {}"
    CONDITION_FAILED = "route {}, when: {}"
    AND = "{}; {}"
    EXPRESSION_FAILED = "the expression {} failed: {}"
    ITEM_INCOMPLETE = "the mapping gives no {}; {} needs it"
    ITEM_NUMBER = "the mapping gives a number that JSON cannot hold"
    ITEM_TOO_LARGE = "its item has {} bytes; a request may have {}"
    SEALED_TOO_LARGE = f"sealed, it has {{}} bytes; a message has room for {SEALED_BYTES_MAX}"
    PATH_TOO_LONG = f"its path has {{}} bytes; a request may have {PATH_BYTES_MAX}"
    NO_LIST = "destination {} has no list for events of {}"
    NO_ID = "the path needs {}, and there is none"
    ID_TOO_LONG = "{} has {} characters; an id has {} at most"
    ID_UNPRINTABLE = "{} holds a space, a control character or half a character"
    ID_LEADS_ELSEWHERE = "{} is no id: as a part of a path it leads elsewhere"
    ID_NAMES_ANOTHER = (
        "{} is no id: {} is a word of Genesys' own paths, and leads to another endpoint"
    )
    PATH_LEADS_ELSEWHERE = "not sent: its path leads elsewhere"

    # --- what the webhook does not take
    BODY_TOO_LARGE = f"the body has {{}} bytes; at most {WEBHOOK_BODY_BYTES_MAX} are taken"
    BODY_OF_GENESYS = "the body has an eventBody, as only Genesys' own events have"
    NO_TIMESTAMP = "{} must be the time of signing in whole seconds since 1970"
    WRONG_SIGNATURE = "{} does not fit {}, the path and the body, or the sender is unknown"
    SIGNED_EARLY = (
        "the request was signed {} s before our time; at most {} s are allowed: sign it anew, with "
        "the same body"
    )
    SIGNED_LATE = (
        "the request was signed {} s after our time; at most {} s are allowed: sign it anew, with "
        "the same body"
    )
    WRONG_TOKEN = "{} must be Bearer and the sender's token; or the sender is unknown"
    NOT_PERMITTED = "{} may not send events of this type"
    TOO_MANY_STRANGERS = "too many requests that prove nothing; send it again later"
    TOO_MANY_REQUESTS = "more than {} requests a minute; send it again later"
    TOO_MANY_EVENTS = "too many events at the moment; send it again, and more slowly"
    NOT_QUEUED = "the event could not be queued for certain; send it again"

    # --- neighbours that fail
    CALL_FAILED = "{}: {}"
    CALL_REFUSED = "{}: {}, which it will always be"
    MESSAGE_TOO_LARGE = (
        f"the message has {{}} bytes with its attributes; SQS takes {SQS_MESSAGE_BYTES_MAX}"
    )
    SECRET_UNUSABLE = "the secret is not {}; put it right in Secrets Manager"
    SENDER_KEYS_UNUSABLE = "{} cannot be used: it must be {}; put it right in Secrets Manager"
    SENDER_KEY_UNUSABLE = (
        "{} has no usable key for {}: it must be {}; put it right in Secrets Manager"
    )
    LEDGER_SILENT = "the ledger refused a write without saying what stands there"
    LEDGER_SPARED = "the ledger answers too slowly and is left in peace for now"
    CONTENDED = "{} is contended"
    NO_CONNECTION = "no connection"
    PROXY_FAILED = "the proxy that HTTPS_PROXY or HTTP_PROXY names lets nothing through"
    CONNECTION_FAILED = "the connection failed: {}"
    CERTIFICATE_UNTRUSTED = "the host's certificate is not trusted"
    ANSWER_WITHOUT_END = "an answer that does not say where it ends"
    ANSWER_TOO_LONG = f"an answer longer than {GENESYS_ANSWER_BYTES_MAX} bytes"
    ANSWER_TOO_SLOW = "the answer took too long"

    # --- what Genesys answers
    GENESYS_SAYS = "Genesys answered {}"
    SAID_ON_THE_WAY = "answered {}, and not by Genesys itself: by a proxy, say, on the way to it"
    ANSWERED = "answered {}"
    NO_SIGNING_KEY = "no usable signing key for {}: see docs/sinks.md"
    NO_RECORD_TAKEN = "none of its records was taken: {}"
    RATE_LIMIT = "429: rate limit"
    STATUS = "status {}"
    STATUS_NOT_JSON = "status {} with a body that is not JSON"
    STATUS_ERROR = "status {} with an error document: {}"
    NOTHING_ANSWERED = "status 200 with nothing, where something is due"
    JOB_UNFULFILLED = "Genesys' job has not come to its end; its state is {}"
    NO_TIME_LEFT = "no time is left to wait for Genesys"
    NO_SLOT = "no slot at Genesys' rate limit"
    QUOTA_USED = "{} has had its requests of this minute"
    NO_TOKEN = "no token: {}"
    CREDENTIALS_REFUSED = f"{{}}. {CREDENTIALS_ADVICE}"
    LOGIN_UNREADABLE = "no token: the login host answered something else"
    FAILS_NO_ITEM = "accepted, but a failure in its answer names no item of the request"
    FAILS_TWO_ITEMS = "accepted, but a failure in its answer names two items of the request"
    FAILS_AND_NOT = (
        "accepted, but its answer says of one item that it was taken and that it was not"
    )
    FAILS_SOMEHOW = "accepted, but its answer lists errors, and nothing is known of their form"
    ITEMS_MISSING = "accepted, but its answer speaks of {} of {} items"
    SUCCESS_UNSAID = "accepted, but a result in its answer does not say whether it was a success"
    ITEMS_FOREIGN = "accepted, but its answer shows something else than its items"
    FOREIGN_ANSWER = "accepted, but its answer is none that this endpoint gives"
    MADE_UNNAMED = "accepted, but its answer does not name what it made"

    # --- what waits, and comes back later
    TOO_LITTLE_TIME = "too little of the invocation is left"
    GIVEN_A_REST = "{} is given a rest"
    LEASE_HELD = "another attempt holds the lease"
    LEASE_LOST = "the lease was lost before the outcome was on record"
    OUTCOME_UNKNOWN = "outcome unknown: {}"
    TRUTH_UNKNOWN = (
        "an earlier attempt may have taken effect, and Genesys did not say what happened"
    )
    RECORD_REPAIRED = "its record was damaged"
    RECORD_BUSY = "the record changed again and again while it was read"
    REQUEST_UNDER_WAY = "its request is under way"
    ANSWER_OUT = "a request that may have caused it awaits its answer"
    NO_DESTINATION = "the configuration names no destination {}"
    NO_ROOM_TO_HOLD = "it came too early, and the record holds as many as it can"
    PARTS_MISSING = "its request was split, and not all parts are on record yet"
    DUPLICATE_UNDER_WAY = "a possible duplicate, while its request is under way"
    WINDOW_OPEN = "the window is still open"
    HELD_FOR_NOW = "held for a while yet"
    HOLD_OVER_UNDER_WAY = "an early event's hold is over, while its request is under way"
    UNEXPECTED = "unexpected {} at {}"
    NOT_DEAD_LETTERED = "{}; not dead-lettered: {}"

    # --- dead letters
    MISPLACED = "it is {}, in a queue of another kind"
    NOT_CLAIMED = "its events are not claimed yet, and it came to the queue of those that are"
    TOO_OLD = f"waited more than {MESSAGE_AGE_MAX_S} s in its queue"
    ASKED_IN_VAIN = "{}, {} times"
    UNSAID = "nobody said why; its function crashed or timed out"
    UNREADABLE = "dead-lettered by {}: {}"
    NOT_CONFIGURED = "dead-lettered by {}: its destination is not configured any more"
    REDRIVES_EXHAUSTED = f"dead-lettered by {{}} after {REDRIVES_MAX} redrives: {{}}"
    NOT_SENT_ON = "dead-lettered by {} after {} redrives, its events not sent on: {}"
    UNCOUNTABLE = "it is so large that nobody could count how often it was sent back to work"

    # --- what a record's history says
    ACCEPTED = "accepted"
    ACCEPTED_BUT = "accepted but for {} items"
    HEARD = "heard: {}"
    HEARD_AND_RELEASED = "heard: {}, which released {}"
    HELD = "held: {}, until {}"
    HEARD_UNANSWERED = "its event came, though no answer did"
    HEARD_BEFORE = "what completes it had come before"
    CONTRADICTED = "contradicted by {}: it concerns {}"
    NO_EVENT = "no event within the window"
    REFUSED = "refused: {}"
    HAD_TAKEN_EFFECT = "had taken effect: {}"
    FOUND_TAKEN = "read back: it had taken effect"
    FOUND_PARTLY_TAKEN = "read back: {} items had taken effect"
    FOUND_NOT_TAKEN = "read back: not among those that took effect"
    TRUTH_AGREES = "Genesys shows that it took effect, as expected"
    TRUTH_ABSENT = "no event, and Genesys knows nothing of it"
    TRUTH_UNSAID = "no event, and Genesys did not say: {}"
    NOT_ASKABLE = "no event, and there is nothing to ask Genesys by"
    COMPENSATED = "Genesys shows something else; compensated by {}"
    SENT_AGAIN = "Genesys accepted it and knows nothing of it: sent again, verbatim"
    DECIDED = "{} decided: {} ({})"
    RESOLVED = "resolved"

    # --- why a person has it
    ATTEMPTS_EXHAUSTED = "{} attempts with an unknown outcome"
    MAY_HAVE_TAKEN_EFFECT = "an earlier attempt may have taken effect"
    REFUSED_IN_DOUBT = "refused ({}), but an earlier attempt may have taken effect"
    CONFLICT_LASTS = f"refused for {CONFLICT_MAX_S} s on end: {{}}"
    SPLIT_TOO_OFTEN = "split too often to find what is refused: {}"
    ITEMS_FAIL_AGAIN = "its items failed as retryable again and again"
    RECORD_GONE = "its record is gone: nobody can tell any more whether it was delivered"
    RECORD_DAMAGED = "its record was damaged: {}; nobody can tell how far it had come"
    TURN_FAILED = "its turn failed {} times: {}"
    UNFORESEEN = "something is wrong with it that nobody foresaw; the log of reconcile says where"
    BEYOND_HORIZON = "older than the horizon: nobody can tell any more whether it was delivered"
    LOOP = (
        f"a loop: one conversation's own events brought about more than {LOOP_WRITES_MAX} writes "
        f"within {LOOP_WINDOW_S} s, or more than {LOOP_WRITES_IN_ALL_MAX} in all"
    )
    DUPLICATE = "a duplicate slipped through: {}"
    TRUTH_DIFFERS = "Genesys shows something else than the request should have brought about"
    HELD_IN_VAIN = "{} came and was held, but not what must precede it: {}"
    CAME_LATE = "what an early event waited for came late; what completes the request has not come"
    NEVER_CONFIRMED_ABSENT = (
        "accepted, but the awaited event never came, and Genesys finds nothing of it"
    )
    NEVER_CONFIRMED_NOT_ASKABLE = (
        "accepted, but the awaited event never came, and Genesys cannot be asked"
    )
    NEVER_CONFIRMED = "accepted, but nobody can tell what became of it: {}"
    NEVER_HAPPENED = "accepted {} times, and it never happened"
    PARTS_LEFT = "it was split, and nobody sends its parts on"
    GONE_NOT_CONFIGURED = (
        "its message is gone from every queue, and its destination is not configured any more"
    )
    ABANDONED = (
        "nobody brings it to an end: its message is gone from every queue, or is never worked on"
    )

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
    """A code and its details, as text where they are kept."""

    code: Code
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        quoted = self.code is Code.QUOTED
        return self.details[0] if quoted else SEPARATOR.join((self.code.name, *self.details))

    def with_name(self, called: str, shown: str) -> "Reason":
        """The same for somebody who knows a thing by another name."""
        return Reason(self.code, tuple(shown if d == called else d for d in self.details))


def _detail(detail: object) -> str:
    if isinstance(detail, Reason):
        return str(detail)
    # A text of somebody's must not be taken for a code, nor for two details.
    text = str(detail).replace(SEPARATOR, " / ")
    return f"'{text}'" if text in Code.__members__ else text


#: what the release before wrote, where something depends on it
_FORMERLY = {"came and was held, but not what must precede it": Code.HELD_IN_VAIN}


def code_of(text: str) -> Code | None:
    """The code of a reason that was kept as text; None where it is somebody's own words."""
    code = Code.__members__.get(text.partition(SEPARATOR)[0])
    return code or next((former for said, former in _FORMERLY.items() if said in text), None)


def read_reason(text: str) -> Reason:
    """A reason that was kept as text."""
    head, *details = text.split(SEPARATOR)
    return Reason(Code[head], tuple(details)) if head in Code.__members__ else Code.QUOTED(text)


def sentence(reason: Reason | str) -> str:
    """What a person reads. A text without a code is a sentence already."""
    tokens = str(reason).split(SEPARATOR)
    said = _said(tokens)
    return SEPARATOR.join((said, *tokens))


def _said(tokens: list[str]) -> str:
    """Takes a reason from the front of the tokens; of a text that was cut the rest is missing."""
    head = tokens.pop(0) if tokens else ""
    code = Code.__members__.get(head)
    if code is None:
        return head
    return str(code.value).format(*(_said(tokens) for _ in range(code.places)))
