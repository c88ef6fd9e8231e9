"""Asking Genesys for its record of conversations, page by page, within the rate limit.

Older periods are read with a job, which covers everything that was active within the interval, up
to `dataAvailabilityDate`; recent ones with a query, which is up to date and finds conversations
that began on a day of the interval. (SDK: ConversationQuery, AsyncConversationQuery,
DataAvailabilityResponse, in the words of the models.)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lambdas.relay.destinations.results import place_of, rows_of
from lambdas.relay.entrances.reading import iso_ms
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.outcomes import Deferred, header, told, words
from lambdas.relay.kernel.backoff import retry_after_s
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed, Transient
from lambdas.relay.kernel.limits import COUNT_MAX
from lambdas.relay.kernel.paths import filled
from lambdas.relay.kernel.ports import Answer, Clock, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.time_format import iso

ROOT = "/api/v2/analytics/conversations/details"
#: conversations per page. The SDK names no limit; Genesys' own examples ask for 100
PAGE_SIZE = 100
#: a longer period is read with a job, which also finds conversations that began before it
QUERY_S_MAX = 86_400
#: between two looks at a job, and before a request that failed is repeated
PAUSE_S = 5.0
#: a request is given up after this many failures
TRIES = 5
#: a job is given up after this time
JOB_S_MAX = 1_800
#: the members that a page without conversations may have
BESIDE = frozenset({"totalHits", "cursor", "dataAvailabilityDate"})
ENDED_BADLY = ("FAILED", "CANCELLED", "EXPIRED")

#: waits for this many seconds; False if there is not enough time left
Patience = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Period:
    """From one time, inclusive, to another, exclusive; in milliseconds."""

    since_ms: int
    until_ms: int

    def __contains__(self, at_ms: object) -> bool:
        return isinstance(at_ms, int) and self.since_ms <= at_ms < self.until_ms

    @property
    def interval(self) -> str:
        """In the form of Genesys' queries: rounded outwards to full seconds."""
        return f"{iso(self.since_ms)}/{iso(self.until_ms + 999)}"


@dataclass(frozen=True, slots=True)
class Analytics:
    """Genesys' analytics of conversations. All methods raise Transient, with Genesys' own words, if
    it does not answer, refuses, or no time is left to wait."""

    genesys: Genesys
    clock: Clock
    wait: Patience

    def known(self, period: Period) -> Period:
        """The part of a period for which Genesys' record is complete."""
        if _is_short(period):
            return period
        answered = self._ask(f"{ROOT}/jobs/availability")
        until_ms = iso_ms(str(answered.get("dataAvailabilityDate")))
        if until_ms is None:
            raise Transient(Code.NO_MEMBER("the answer", "dataAvailabilityDate"))
        return Period(period.since_ms, max(period.since_ms, min(period.until_ms, until_ms)))

    def conversations(self, period: Period) -> Iterator[Mapping[str, Any]]:
        """Genesys' record of the conversations of a period; one may be returned twice."""
        return self._queried(period) if _is_short(period) else self._by_job(period)

    def _queried(self, period: Period) -> Iterator[Mapping[str, Any]]:
        number, seen, more = 1, 0, True
        while more:
            paging: Json = {"pageSize": PAGE_SIZE, "pageNumber": number}
            answered = self._ask(
                f"{ROOT}/query", {"interval": period.interval, "order": "asc", "paging": paging}
            )
            page = _page(answered)
            yield from page
            number, seen = number + 1, seen + len(page)
            hits = place_of(answered.get("totalHits"), COUNT_MAX)
            more = bool(page) and (len(page) >= PAGE_SIZE if hits is None else seen < hits)

    def _by_job(self, period: Period) -> Iterator[Mapping[str, Any]]:
        job = self._ask(f"{ROOT}/jobs", {"interval": period.interval})
        try:
            path = filled(f"{ROOT}/jobs/{{jobId}}", job)
        except Malformed as malformed:
            raise Transient(malformed.reason) from None
        since_ms = self.clock.now_ms()
        while (state := self._ask(path).get("state")) != "FULFILLED":
            if state in ENDED_BADLY or self.clock.now_ms() - since_ms > JOB_S_MAX * 1000:
                raise Transient(Code.JOB_UNFULFILLED(str(state)))
            self._pause(PAUSE_S)
        cursor: str | None = ""
        while cursor is not None:
            further = {"cursor": cursor} if cursor else {}
            answered = self._ask(f"{path}/results?{urlencode({'pageSize': PAGE_SIZE, **further})}")
            yield from _page(answered)
            cursor = answered.get("cursor")

    def _ask(self, path: str, question: Json = None) -> Mapping[str, Any]:
        """The answer's document. It waits for a slot of the rate limit as long as necessary; a
        request that fails is repeated a few times."""
        tries = 0
        while True:
            answer = self.genesys.query(path, question)
            read = _read(answer)
            if isinstance(read, Mapping):
                return read
            is_pace = isinstance(answer, Deferred) and not answer.is_fault
            is_asked_for = isinstance(answer, Answer) and answer.status == 429
            tries += not (is_pace or is_asked_for)
            if tries >= TRIES or (isinstance(answer, Answer) and _is_hopeless(answer)):
                raise Transient(read)
            self._pause(_wait_s(answer, self.clock.now_ms()))

    def _pause(self, seconds: float) -> None:
        if not self.wait(seconds):
            raise Transient(Code.NO_TIME_LEFT(), seconds)


def _is_short(period: Period) -> bool:
    return period.until_ms - period.since_ms <= QUERY_S_MAX * 1000


def _is_hopeless(answer: Answer) -> bool:
    return 400 <= answer.status < 500 and answer.status != 429


def _read(answer: Answer | NotSent | Unanswered | Deferred) -> Mapping[str, Any] | Reason:
    """The answer's object, or why there is none."""
    if not isinstance(answer, Answer):
        return answer.reason
    if answer.status not in (200, 202):
        return Code.STATUS_ERROR(answer.status, words(answer))
    try:
        document = told(answer)
    except Malformed as malformed:
        return malformed.reason
    return document if isinstance(document, Mapping) else Code.FOREIGN_ANSWER()


def _page(answered: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The conversations of a page. Raises Transient if it is not a page: otherwise "nothing found"
    would be reported without a search."""
    page = answered.get("conversations", [] if BESIDE.issuperset(answered) else None)
    if not isinstance(page, list) or len(rows_of(page)) < len(page):
        raise Transient(Code.NO_MEMBER("the answer", "conversations"))
    return page


def _wait_s(answer: Answer | NotSent | Unanswered | Deferred, now_ms: int) -> float:
    asked: float | None = None
    if isinstance(answer, Deferred):
        asked = answer.retry_after_s
    elif isinstance(answer, Answer):
        asked = retry_after_s(header(answer, "retry-after") or None, now_ms)
    return PAUSE_S if asked is None else max(asked, 0.1)
