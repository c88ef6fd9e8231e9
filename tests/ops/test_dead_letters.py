"""`relay dead-letters`: what is shown, what is moved, and what is left alone."""

import json
from collections import Counter
from typing import Any

import pytest

from lambdas.relay.kernel.reasons import Code, sentence
from lambdas.relay.messages.sealing import encode
from ops.__main__ import main
from ops.dead_letter import seconds
from tests.ops.conftest import Deployed, dead_letter_in, waiting
from tests.unit.batches import batch_of

WHY = {
    "reason": "429: rate limit",
    "attempts": "99",
    "first_seen": "2026-01-02T03:04:05Z",
    "batch": "b1",
    "conversation": "c1",
    "identity": "i1",
    "redrives": "2",
}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The answer of a command, as JSON."""
    code = main(["--json", *arguments])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


@pytest.fixture
def two(relay: Deployed) -> Deployed:
    dead_letter_in(relay, "writes", "one", **WHY)
    dead_letter_in(
        relay,
        "writes",
        "two",
        **{**WHY, "reason": "no connection", "batch": "b2", "identity": "kx7f3b8c1e5d"},
    )
    return relay


def test_a_dead_letter_is_listed_with_its_reason_and_subject(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "list"]) == 0

    shown = capsys.readouterr().out
    for word in ("429: rate limit", "no connection", "2026-01-02T03:04:05Z", "99", "c1", "b2"):
        assert word in shown


def test_looking_leaves_the_dead_letters_where_they_are(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert len(said(capsys, "dead-letters", "list")) == 2


def test_a_dry_run_moves_nothing(two: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    answer = said(capsys, "dead-letters", "redrive", "--dry-run")

    assert (answer["matching"], answer["redriven"]) == (2, 0)
    assert not waiting(two, two.line("writes").url)
    assert len(waiting(two, two.line("writes").dead_url)) == 2


def test_a_dry_run_says_what_would_be_done(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "redrive", "--dry-run"]) == 0

    said = capsys.readouterr().out
    assert "2 dead letters would be redriven. Nothing was changed." in said
    assert "0 of 2" not in said


def test_receives_by_our_own_looks_are_not_shown_as_attempts(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter_in(relay, "writes", "moved by SQS")

    for _ in range(3):
        (row,) = said(capsys, "dead-letters", "list")
        assert row["attempts"] == ""


@pytest.mark.parametrize("option", ["--queue", "--reason", "--batch", "--identity", "--message"])
def test_a_filter_that_says_nothing_takes_nothing(
    two: Deployed, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    for verb in (["redrive"], ["discard", "--note", "x", "--conversation", "c1"]):
        assert main(["dead-letters", *verb, option, "", "--yes"]) == 2
        assert "empty" in capsys.readouterr().err
    assert len(said(capsys, "dead-letters", "list")) == 2


def test_an_empty_name_or_note_is_refused(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "show", ""]) == 2
    assert "Which one?" in capsys.readouterr().err
    assert main(["dead-letters", "discard", "--batch", "b1", "--note", " ", "--yes"]) == 2
    assert "--note is empty" in capsys.readouterr().err


def test_a_table_stays_in_one_piece_in_a_pipe(
    two: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    dead_letter_in(two, "writes", "three", **{**WHY, "reason": "x" * 300})

    assert main(["dead-letters", "list"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "x" * 300 in line]
    assert "2026-01-02T03:04:05Z" in row


def test_what_matches_goes_back_with_a_new_budget_and_the_rest_stays(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = said(capsys, "dead-letters", "redrive", "--reason", "RATE", "--yes")

    assert answer["redriven"] == 1
    (back,) = waiting(two, two.line("writes").url)
    assert back["Body"] == "one"
    assert back["MessageAttributes"]["conversation"]["StringValue"] == "c1"
    assert "redrives" not in back["MessageAttributes"]
    assert [left["Body"] for left in waiting(two, two.line("writes").dead_url)] == ["two"]


def test_a_whole_queue_goes_back_as_by_the_consoles_redrive(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("dead-letters", "redrive", "--queue", "writes", "--whole-queue")
    dead_letter_in(two, "checks", "of another queue", **WHY)

    assert said(capsys, *command, "--dry-run") == {"matching": 2, "redriven": 0}
    assert not waiting(two, two.line("writes").url)
    assert said(capsys, *command, "--yes")["matching"] == 2
    assert {back["Body"] for back in waiting(two, two.line("writes").url)} == {"one", "two"}
    assert len(waiting(two, two.line("checks").dead_url)) == 1
    assert said(capsys, *command, "--yes") == {"matching": 0, "redriven": 0}


@pytest.mark.parametrize("more", [[], ["--queue", "writes", "--reason", "429"]])
def test_a_whole_queue_is_one_and_all_of_it(
    two: Deployed, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert main(["dead-letters", "redrive", "--whole-queue", *more, "--yes"]) == 2
    assert "--whole-queue goes with --queue and with no filter." in capsys.readouterr().err
    assert len(waiting(two, two.line("writes").dead_url)) == 2


def test_a_move_that_sqs_ends_gives_a_sentence_with_its_progress(
    two: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"Status": "FAILED", "FailureReason": "no access", "ApproximateNumberOfMessagesMoved": 1}
    monkeypatch.setattr(
        two.sqs, "list_message_move_tasks", lambda **_: {"Results": [task]}, raising=False
    )
    command = ["dead-letters", "redrive", "--queue", "writes", "--whole-queue", "--yes"]

    assert main(command) == 2
    told = capsys.readouterr().err
    assert "SQS ended the move as FAILED (no access) after 1 dead letter;" in told
    assert "Start it again." in told


@pytest.mark.parametrize(
    ("option", "value", "count"),
    [
        ("--batch", "b2", 1),
        ("--batch", "b", 0),
        ("--identity", "kx7f3b8c", 1),
        ("--identity", " KX7F3B8C1E5D", 1),
        ("--identity", "kx7f3b8", 0),
        ("--conversation", "c1", 2),
        ("--identity", "other", 0),
        ("--queue", "events", 0),
        ("--older-than", "1d", 2),
        ("--most", "1", 1),
    ],
)
def test_filters(
    two: Deployed, capsys: pytest.CaptureFixture[str], option: str, value: str, count: int
) -> None:
    assert len(said(capsys, "dead-letters", "list", option, value)) == count


def test_without_a_terminal_nothing_is_moved_without_yes(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "redrive"]) == 2

    assert "--yes" in capsys.readouterr().err
    assert len(waiting(two, two.line("writes").dead_url)) == 2


def test_discarding_needs_a_filter_and_a_note(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "discard", "--note", "why", "--yes"]) == 2
    assert main(["dead-letters", "discard", "--batch", "b1", "--yes"]) == 2

    assert len(waiting(two, two.line("writes").dead_url)) == 2


def test_what_is_discarded_is_kept_with_who_and_why(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = batch_of("a")
    dead_letter_in(relay, "writes", encode(batch), **{**WHY, "batch": batch.batch_id})

    said(capsys, "dead-letters", "discard", "--batch", batch.batch_id, "--note", "a test", "--yes")

    (kept,) = relay.s3.list_objects_v2(Bucket="vault", Prefix="discarded/")["Contents"]
    document = json.loads(relay.vault.fetch(kept["Key"]) or "")
    assert (document["note"], document["message"]) == ("a test", encode(batch))
    assert document["by"]
    item = relay.ledger.find([(f"R#{batch.batch_id}", "R")])[0]
    assert item is not None
    assert item["state"] == "DISCARDED"
    assert not waiting(relay, relay.line("writes").dead_url)


def test_a_dead_letter_by_sqs_or_eventbridge_says_so(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter_in(relay, "events", "{}", ERROR_CODE="SQS_DENIED", ERROR_MESSAGE="no permission")
    dead_letter_in(relay, "writes", "x")

    reasons = {row["reason"] for row in said(capsys, "dead-letters", "list")}

    assert "EventBridge: SQS_DENIED no permission" in reasons
    assert sentence(Code.UNSAID()) in reasons


@pytest.mark.parametrize(("text", "count"), [("90s", 90), ("15min", 900), ("2h", 7200)])
def test_durations_are_given_as_people_write_them(text: str, count: int) -> None:
    assert seconds(text) == count


def test_another_duration_is_refused_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "list", "--older-than", "soon", "-e", "x"]) == 2
    assert "use a form such as 90s" in capsys.readouterr().err


@pytest.fixture
def many(relay: Deployed) -> Deployed:
    for number in range(25):
        dead_letter_in(relay, "writes", str(number), **WHY)
    dead_letter_in(relay, "events", "another", **WHY)
    return relay


def test_it_says_if_there_may_be_more_than_was_read(
    many: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "list", "--most", "10"]) == 0
    shown = capsys.readouterr().out
    assert "Reading stopped after 10 dead letters of writes; there may be more" in shown
    assert "--most" in shown

    assert main(["dead-letters", "redrive", "--queue", "writes", "--most", "10", "--yes"]) == 0
    shown = capsys.readouterr().out
    assert "10 of 10 redriven." in shown
    for word in ("there may be more", "repeat", "--most", "--whole-queue"):
        assert word in shown

    discard = ["dead-letters", "discard", "--batch", "b2", "--note", "n", "--most", "10", "--yes"]
    assert main(discard) == 0
    shown = capsys.readouterr().out
    assert "No dead letter matches." in shown
    assert "there may be more" in shown


def test_programs_are_told_so_too_beside_a_list_and_within_a_report(
    many: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "list", "--most", "10", "--json"]) == 0
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 11
    assert "there may be more" in json.loads(captured.err)["note"]

    redrive = ("dead-letters", "redrive", "--dry-run", "--most")
    assert said(capsys, *redrive, "10")["may_be_more"] == ["writes"]
    assert said(capsys, *redrive, "30")["may_be_more"] == []


def test_nothing_more_is_suspected_where_everything_was_read(
    two: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "list", "--most", "3"]) == 0
    assert main(["dead-letters", "redrive", "--most", "3", "--yes"]) == 0
    captured = capsys.readouterr()
    assert "there may be more" not in captured.out + captured.err


def test_a_dead_letter_that_was_not_read_may_be_there_all_the_same(
    many: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "show", "nosuch", "--most", "10"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "there may be more" in line

    assert main(["dead-letters", "show", "nosuch"]) == 2
    assert "there may be more" not in capsys.readouterr().err


def test_one_dead_letter_is_shown_and_never_several(
    many: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [letter["message_id"] for letter in said(capsys, "dead-letters", "list")]
    assert said(capsys, "dead-letters", "show", ids[0])["message_id"] == ids[0]

    (digit, count), *_ = Counter(name[0] for name in ids).most_common()  # 26 ids, 16 digits
    assert main(["dead-letters", "show", digit, "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{count} dead letters begin with {digit}" in json.loads(captured.err)["error"]
