"""Times as senders write them: one moment to the precision given, or none; never another year."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.entrances.events import Event, read_envelope
from lambdas.relay.entrances.reading import moment, moment_ms
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code, sentence
from lambdas.relay.routes.mapping import view

#: 2027-03-04T05:06:07Z
S = 1_804_136_767
NOW_MS = (S + 60) * 1000


def posted(created: object) -> Event:
    detail = {"id": "o-1", "type": "order.paid", "createdTime": created, "data": {}}
    return read_envelope(
        {"source": "shop.example", "detail-type": "order.paid", "detail": detail}, NOW_MS
    )


@pytest.mark.parametrize(
    "stated",
    [
        S, S * 1_000, S * 1_000_000, S * 1_000_000_000, float(S), S * 1e3,
        f"{S}", f"{S}000", f"{S}000000", f"{S}000000000", f"{S}.0",
        "2027-03-04T05:06:07Z", "2027-03-04t05:06:07z", "2027-03-04 05:06:07Z",
        "2027-03-04T06:06:07+01:00", "2027-03-04T06:06:07+0100", "2027-03-04T06:06:07+01",
        "2027-03-03T22:36:07-06:30", "2027-03-04T05:06:07.000000000Z", "2027-03-04T05:06:07,000Z",
    ],
)  # fmt: skip
def test_one_moment_is_one_however_it_is_written(stated: object) -> None:
    assert view(posted(stated), "all")["occurred_at"] == "2027-03-04T05:06:07.000Z"


@pytest.mark.parametrize("stated", ["1969-12-31T23:59:59.500Z", "1970-01-01T00:00:00.000Z"])
def test_a_moment_that_is_not_after_1970_is_the_one_that_was_stated(stated: str) -> None:
    assert view(posted(stated), "all")["occurred_at"] == stated


@pytest.mark.parametrize(
    "stated",
    [
        S + 0.123, f"{S}.123", S * 1000 + 123, (S * 1000 + 123) * 1000 + 456,
        (S * 1000 + 123) * 1_000_000 + 456_789, f"{S}123", f"{S}123.9",
        "2027-03-04T05:06:07.123Z", "2027-03-04T05:06:07.1234567Z",
    ],
)  # fmt: skip
def test_what_is_finer_than_milliseconds_is_cut_off(stated: object) -> None:
    assert posted(stated).occurred_at_ms == S * 1000 + 123


def test_a_time_to_the_minute_is_a_time() -> None:
    assert moment_ms("2027-03-04T05:06Z") == S * 1000 - 7_000


@pytest.mark.parametrize(
    "stated",
    [
        0, -S, -S * 1000, 7, 1e300, 10**30, S * 10, S * 10**4, True, [], {}, "", "soon", "0",
        f"-{S}", f" {S}", f"+{S}", f"{S}e3", f"0x{S:x}", f"{S}0", "20270304", "20270304050607",
        "\uff11804136767", "2027-03-04", "2027-03-04 05:06", "2027-03-04T05:06:07",
        "2027-03-04T05:06:07 Europe/Berlin", "2027-W09-4T05:06:07Z", "27-03-04T05:06:07Z",
        "04.03.2027 05:06:07", "03/04/2027 05:06", "Thu, 04 Mar 2027 05:06:07 GMT",
        "2027-02-29T05:06:07Z", "2027-03-04T25:06:07Z", "2027-03-04T05:06:07+99:00",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1801-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_what_could_be_another_moment_is_set_aside_with_a_sentence(stated: object) -> None:
    with pytest.raises(Malformed) as raised:
        posted(stated)

    reason = raised.value.reason
    assert (reason.code, reason.details[:2]) == (Code.NO_MOMENT, ("detail", "createdTime"))
    assert not isinstance(stated, str) or len(stated) < 8 or stated not in sentence(reason)


def test_no_stated_time_is_none() -> None:
    assert moment({"at": None}, "at", "detail") is None
    assert posted(None).occurred_at_ms is None


@given(st.integers() | st.floats())
def test_no_number_is_ever_a_time_in_another_century(stated: float) -> None:
    read = moment_ms(stated)

    assert read is None or 946_684_800_000 <= read < 4_102_444_800_000
