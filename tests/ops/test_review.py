"""`relay review`: what waits for a person is shown in full, and decided once."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from lambdas.adapters.queues import SqsQueue
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.quarantine import READ_AGAIN, keep_aside
from lambdas.relay.messages.sealing import decode
from lambdas.relay.review.cases import keep_record_for_review, park
from ops.__main__ import main
from ops.review import MOST_DEFAULT
from ops.review_cases import quarantined
from tests.ops.conftest import Deployed, waiting
from tests.unit.batches import NOW_MS, batch_of

BATCH = batch_of("a", "b")
UNREADABLE = "k" * 26


@pytest.fixture
def parked(relay: Deployed) -> Deployed:
    claim(BATCH, relay.ledger, NOW_MS)
    park(
        BATCH,
        "REJECTED",
        Code.QUOTED("400 no"),
        ledger=relay.ledger,
        vault=relay.vault,
        now_ms=NOW_MS,
    )
    relay.vault.keep(
        f"quarantine/{UNREADABLE}.json",
        canonical({"reason": "not JSON", "at_ms": NOW_MS, "message": "hello"}),
    )
    return relay


def state(relay: Deployed) -> str:
    item = relay.ledger.find([(f"R#{BATCH.batch_id}", "R")])[0]
    return "" if item is None else str(item["state"])


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_everything_that_waits_is_listed_with_its_reason(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "list", "--json"]) == 0

    told = {row["id"]: row for row in answer(capsys)}
    assert told[BATCH.batch_id]["reason"] == "400 no"
    assert told[BATCH.batch_id]["events"] == 2
    assert told[UNREADABLE]["state"] == "QUARANTINED"


def test_a_case_is_shown_in_full_by_the_beginning_of_its_id(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (BATCH.batch_id[:6], BATCH.batch_id, f" {BATCH.batch_id.upper()}\n"):
        assert main(["review", "show", name]) == 0
        assert '"said": "a"' in capsys.readouterr().out
    assert main(["review", "show", UNREADABLE]) == 0
    assert "hello" in capsys.readouterr().out


def test_a_verdict_and_a_note_are_needed(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--happened", "--discard", "--note", "n"]
    assert main(["review", "resolve", BATCH.batch_id, "--note", "n", "--yes"]) == 2
    assert main(["review", "resolve", BATCH.batch_id, *both, "--yes"]) == 2
    assert main(["review", "resolve", BATCH.batch_id, "--happened", "--yes"]) == 2

    assert state(parked) == "REJECTED"


@pytest.mark.parametrize("note", ["", "  "])
def test_an_empty_note_is_no_reason(
    parked: Deployed, capsys: pytest.CaptureFixture[str], note: str
) -> None:
    decided = ["review", "resolve", BATCH.batch_id, "--happened", "--note", note, "--yes"]

    assert main(decided) == 2
    assert "--note is empty" in capsys.readouterr().err
    assert state(parked) == "REJECTED"


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"state": "REJECTED", "doubt_since_ms": NOW_MS}, "no: Genesys refused it"),
        ({"doubt_since_ms": NOW_MS}, "yes, since"),
        ({"doubt_since_ms": 1}, "yes: it may have"),
        ({"accepted_at_ms": NOW_MS}, "no: Genesys accepted it"),
        ({"attempt": 0}, "no: it was never sent"),
        ({"attempt": 2, "history": [f"{NOW_MS} #2 429"]}, "no: every attempt's outcome"),
        ({"attempt": 2, "history": [f"{NOW_MS} #1 429"]}, "yes: attempt 2 was started"),
        ({"reason": str(Code.RECORD_GONE())}, "yes: its record was missing"),
        ({"reason": str(Code.BEYOND_HORIZON())}, "yes: nothing says any more"),
        (
            {"attempt": 2, "history": [f"{NOW_MS} #2 {Code.FOUND_TAKEN()}"]},
            "no: it took effect: read back: it had taken effect",
        ),
        (
            {
                "attempt": 2,
                "history": [
                    f"{NOW_MS} #1 {Code.HAD_TAKEN_EFFECT('409')}",
                    f"{NOW_MS} #2 {Code.HEARD('x')}",
                ],
            },
            "no: it took effect: it had taken effect: 409",
        ),
    ],
)
def test_whether_it_may_have_taken_effect_is_shown(
    relay: Deployed, capsys: pytest.CaptureFixture[str], stated: dict[str, Any], told: str
) -> None:
    park(
        BATCH,
        "MANUAL_REVIEW",
        Code.QUOTED("why"),
        ledger=relay.ledger,
        vault=relay.vault,
        now_ms=NOW_MS,
    )
    item = relay.ledger.find([(f"R#{BATCH.batch_id}", "R")])[0]
    relay.dynamodb.delete_item(
        TableName="ledger", Key={"pk": {"S": f"R#{BATCH.batch_id}"}, "sk": {"S": "R"}}
    )
    relay.ledger.insert([{**(item or {}), **stated}])

    assert main(["review", "show", BATCH.batch_id]) == 0
    line = next(row for row in capsys.readouterr().out.splitlines() if "in doubt" in row)
    assert told in line


def test_a_dry_run_decides_nothing(parked: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    dry = ["review", "resolve", BATCH.batch_id, "--did-not-happen", "--note", "n", "--dry-run"]

    assert main(dry) == 0
    assert "Nothing was changed" in capsys.readouterr().out
    assert state(parked) == "REJECTED"


def test_what_did_not_happen_is_sent_again_once(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["review", "resolve", BATCH.batch_id, "--did-not-happen", "--note", "n", "--yes"]

    assert main(again) == 0
    assert "it is sent again as request" in capsys.readouterr().out
    assert main(again) == 2, "it does not wait any more"
    assert "needs no decision: split into parts. See: relay trace" in capsys.readouterr().err

    (sent,) = waiting(parked, parked.line("writes").url)
    assert decode(sent["Body"]).events == BATCH.events
    assert state(parked) == "SPLIT"


@pytest.mark.parametrize(("others", "says"), [("a", "as request"), ("ab", "nothing is sent again")])
def test_what_another_request_has_delivered_stays_out_and_what_goes_is_named(
    relay: Deployed, capsys: pytest.CaptureFixture[str], others: str, says: str
) -> None:
    claim(batch_of(*others, nonce="another"), relay.ledger, NOW_MS)
    park(
        BATCH,
        "REJECTED",
        Code.QUOTED("400 no"),
        ledger=relay.ledger,
        vault=relay.vault,
        now_ms=NOW_MS,
    )

    again = ["review", "resolve", BATCH.batch_id, "--did-not-happen", "--note", "n", "--yes"]
    assert main(again) == 0
    said = capsys.readouterr().out

    assert says in said
    sent = [decode(one["Body"]) for one in waiting(relay, relay.line("writes").url)]
    assert [batch.batch_id in said for batch in sent] == [True] * (2 - len(others))


@pytest.mark.parametrize(
    ("verdict", "says"),
    [("--happened", "delivered; Genesys shows it"), ("--discard", "discarded by a person")],
)
def test_a_closed_case_says_how_it_was_closed(
    parked: Deployed, capsys: pytest.CaptureFixture[str], verdict: str, says: str
) -> None:
    assert main(["review", "resolve", BATCH.batch_id, verdict, "--note", "n", "--yes"]) == 0
    assert f"Done: the case is closed: {says}." in capsys.readouterr().out


def test_an_unreadable_message_is_read_again_or_kept_as_discarded(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "resolve", UNREADABLE, "--happened", "--note", "n", "--yes"]) == 2
    assert main(["review", "resolve", UNREADABLE, "--did-not-happen", "--note", "n", "--yes"]) == 0

    (sent,) = waiting(parked, parked.line("events").url)
    assert sent["Body"] == "hello"
    assert main(["review", "show", UNREADABLE]) == 2


def test_a_message_that_intake_sets_aside_again_at_once_stays_a_case(
    parked: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its document has another name: whoever removes the old one does not remove the new one."""
    send = SqsQueue.send

    def read_at_once(queue: SqsQueue, messages: Sequence[Outgoing]) -> None:
        send(queue, messages)
        (message,) = messages
        held_in = message.attributes[READ_AGAIN]
        keep_aside(
            message.body, Code.QUOTED("still not JSON"), parked.vault, NOW_MS, held_in=held_in
        )

    monkeypatch.setattr(SqsQueue, "send", read_at_once)
    assert main(["review", "resolve", UNREADABLE, "--did-not-happen", "--note", "n", "--yes"]) == 0

    (case,) = quarantined(parked, None)
    assert case.name != UNREADABLE


def test_a_message_that_could_not_be_sent_stays_a_case(
    parked: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(queue: SqsQueue, messages: Sequence[Outgoing]) -> None:
        raise Transient(Code.CALL_FAILED("queue", "refused"))

    with monkeypatch.context() as patch:
        patch.setattr(SqsQueue, "send", refused)
        assert main(["review", "resolve", UNREADABLE, "--did-not-happen", "--note", "n", "--yes"])

    (case,) = quarantined(parked, None)
    assert main(["review", "resolve", case.name, "--did-not-happen", "--note", "n", "--yes"]) == 0
    (sent,) = waiting(parked, parked.line("events").url)
    assert sent["Body"] == "hello"
    assert quarantined(parked, None) == []


def test_what_is_discarded_leaves_the_list_and_not_the_vault(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (BATCH.batch_id, UNREADABLE):
        assert main(["review", "resolve", name, "--discard", "--note", "n", "--yes"]) == 0

    assert len(parked.s3.list_objects_v2(Bucket="vault", Prefix="discarded/")["Contents"]) == 2
    capsys.readouterr()
    assert main(["review", "list"]) == 0
    assert "Nothing waits for a person." in capsys.readouterr().out


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_id_means_no_case(
    parked: Deployed, capsys: pytest.CaptureFixture[str], empty: str
) -> None:
    """As when a shell variable is unset: the only waiting case is not the one meant."""
    parked.vault.discard(f"quarantine/{UNREADABLE}.json")

    assert main(["review", "show", empty]) == 2
    assert main(["review", "resolve", empty, "--discard", "--note", "x", "--yes"]) == 2

    assert "Which case?" in capsys.readouterr().err
    assert state(parked) == "REJECTED"


def test_an_unknown_case_is_reported_as_unknown(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "show", "abc"]) == 2
    assert "Nothing waiting begins with abc" in capsys.readouterr().err


ADVICE = "Compare what was expected with what was found and correct it in Genesys; then resolve it."
EXPECTED = {"c-1": {"attributes": {"order": "4711"}, "state": "open"}}


def differing(relay: Deployed, found: Any) -> None:
    """The request's message is gone; what was expected and found is kept instead."""
    sides = {"expected": EXPECTED, "found": found}
    keep_record_for_review(
        BATCH.batch_id, Code.QUOTED("something else"), ADVICE, relay.vault, NOW_MS, **sides
    )


@pytest.mark.parametrize(
    "found", [{"attributes": {"order": "4712"}}, '{"attributes":{"order":"4712"']
)
def test_a_request_is_shown_with_advice_and_what_was_expected_and_found(
    parked: Deployed, capsys: pytest.CaptureFixture[str], found: Any
) -> None:
    differing(parked, found)

    assert main(["review", "show", BATCH.batch_id]) == 0

    shown = capsys.readouterr().out
    for word in (ADVICE, "c-1", '{"order": "4711"}', "open", "4712"):
        assert word in shown


def test_everything_needed_to_decide_is_in_the_document(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "show", BATCH.batch_id, "--json"]) == 0
    told = answer(capsys)
    assert [event["item"]["said"] for event in told["events"]] == ["a", "b"]
    assert decode(told["review"]["message"]) == BATCH

    differing(parked, {"state": "closed"})
    assert main(["review", "show", BATCH.batch_id, "--json"]) == 0
    told = answer(capsys)
    assert told["record"]["reason"] == "400 no"
    assert told["review"]["advice"] == ADVICE
    assert (told["review"]["expected"], told["review"]["found"]) == (EXPECTED, {"state": "closed"})


def test_a_case_without_a_document_is_shown_by_its_record(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    parked.vault.discard(f"review/{BATCH.batch_id}.json")

    assert main(["review", "show", BATCH.batch_id]) == 0
    assert "400 no" in capsys.readouterr().out
    assert main(["review", "show", BATCH.batch_id, "--json"]) == 0
    assert answer(capsys)["review"] is None


def test_a_comparison_fits_a_terminal(
    parked: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    differing(parked, {"text": "x" * 300})
    monkeypatch.setenv("COLUMNS", "80")

    assert main(["review", "show", BATCH.batch_id]) == 0

    table, _, _ = capsys.readouterr().out.partition("found\n")
    assert max(len(line) for line in table.splitlines()) <= 80
    assert "".join(ADVICE.split()) in "".join(table.split())


def test_a_quarantined_message_is_shown_with_its_advice(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"reason": "not JSON", "advice": "Mend it.", "at_ms": NOW_MS, "message": "hello"}
    parked.vault.keep(f"quarantine/{UNREADABLE}.json", canonical(document))

    assert main(["review", "show", UNREADABLE]) == 0
    assert "Mend it." in capsys.readouterr().out
    assert main(["review", "show", UNREADABLE, "--json"]) == 0
    assert answer(capsys) == {"id": UNREADABLE, **document}


def test_it_says_if_there_may_be_more_cases_than_are_listed(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    other = batch_of("c")
    claim(other, parked.ledger, NOW_MS)
    park(
        other,
        "REJECTED",
        Code.QUOTED("400"),
        ledger=parked.ledger,
        vault=parked.vault,
        now_ms=NOW_MS,
    )

    assert main(["review", "list", "--most", "2"]) == 0
    assert "there may be more" in capsys.readouterr().out
    assert main(["review", "list", "--most", "2", "--json"]) == 0
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 3
    assert "--most" in json.loads(captured.err)["note"]

    assert main(["review", "list", "--most", "3"]) == 0
    assert "there may be more" not in capsys.readouterr().out


def test_an_id_s_beginning_is_compared_with_every_case(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many wait: a decision must not hit another case than the one that is meant."""
    document = canonical({"reason": "not JSON", "at_ms": NOW_MS, "message": "hello"})
    names = [f"{number:026}" for number in range(MOST_DEFAULT)]
    for name in (*names, "c" * 26, "d" * 26, "d" * 25 + "e"):
        relay.vault.keep(f"quarantine/{name}.json", document)

    assert main(["review", "show", "dd"]) == 2
    assert "2 cases waiting begin with dd" in capsys.readouterr().err
    assert main(["review", "show", "d" * 25 + "e"]) == 0
    assert main(["review", "show", "cc"]) == 0
