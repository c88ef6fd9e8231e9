"""`relay probe`: the answers show what a repetition did, or the command says that they do not."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from lambdas.relay.kernel.ports import Answer
from ops.__main__ import main
from ops.errors import OpsError
from ops.genesys_probe import Caller
from ops.repetition import Found, Verdict, judged, repeated
from simulator.faults import NONE
from tests.ops.test_setup_journey import caller_of
from tests.unit.simulated import CALL, JOURNEY, Simulated, configuration, envelope


def probed(
    keys: Literal["honoured", "ignored", "conflict"], destination: Mapping[str, Any] = CALL
) -> Found:
    world = Simulated(configuration(destination), replace(NONE, keys=keys))
    return repeated(caller_of(world), world.batch([envelope(1)]), world.batch([envelope(2)]))


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [("honoured", "recognised"), ("ignored", "doubled"), ("conflict", "conflict")],
)
def test_an_answer_with_an_id_of_genesys_shows_what_a_key_does(
    keys: Literal["honoured", "ignored", "conflict"], verdict: Verdict
) -> None:
    assert probed(keys).by_key == verdict


def test_an_answer_without_one_shows_nothing() -> None:
    assert probed("ignored", JOURNEY) == Found("unclear", "unclear")


def test_what_it_sends_is_what_the_relay_would_send_four_times_at_most() -> None:
    world = Simulated(configuration(CALL))

    repeated(caller_of(world), world.batch([envelope(1)]), world.batch([envelope(2)]))

    calls = [r for r in world.platform.record.requests if "/calls" in r.path]
    assert len(calls) in (3, 4)


class Answering:
    """An endpoint that gives each request its answer."""

    def __init__(self, *documents: Any) -> None:
        self._documents = list(documents)

    def send(self, method: str, url: str, headers: Any, body: bytes | None) -> Answer:
        return Answer(200, {}, json.dumps(self._documents.pop(0)).encode())


ORGANISATION = {"organizationId": "o-1"}


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        # Ids of the organisation or of the path come back whatever was done.
        ([ORGANISATION] * 4, Found("unclear", "unclear")),
        ([{"id": "the path's", "notes": ["x"] * n} for n in range(4)], Found("unclear", "unclear")),
        # A new id for each effect, beside one that is in every answer.
        ([{**ORGANISATION, "id": f"{n}"} for n in range(3)], Found("doubled", "doubled")),
        ([{"id": "a"}, {"id": "a"}, {"id": "b"}], Found("recognised", "doubled")),
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], Found("doubled", "recognised")),
        ([{"id": "a"}, {"id": "a"}, {"id": "a"}, {"id": "b"}], Found("recognised", "recognised")),
    ],
)
def test_ids_that_do_not_change_with_the_effect_show_nothing(
    documents: list[Any], found: Found
) -> None:
    world = Simulated(configuration(CALL))
    caller = Caller(Answering(*documents), "https://api.simulated", "token")

    told = repeated(caller, world.batch([envelope(1)]), world.batch([envelope(2)]))

    assert told == found


def test_a_refused_request_gives_one_sentence() -> None:
    world = Simulated(configuration({**CALL, "item": {"phoneNumber": "'+49'", "strange": "id"}}))
    batch = world.batch([envelope(1)])

    with pytest.raises(OpsError, match="Genesys refuses the first request"):
        repeated(caller_of(world), batch, batch)


@pytest.mark.parametrize(
    ("first", "again", "verdict"),
    [
        ((200, {"id": "a"}), (200, {"id": "a"}), "recognised"),
        ((200, {"id": "a"}), (200, {"id": "b"}), "doubled"),
        ((200, {"id": "mine"}), (200, {"id": "mine"}), "unclear"),
        ((200, {"id": "a"}), (409, {"message": "known"}), "conflict"),
        ((200, {"id": "a"}), (422, {}), "refused"),
        ((202, None), (202, None), "unclear"),
        ((200, [{"selfId": "a"}]), (200, [{"selfId": "a"}]), "recognised"),
    ],
)
def test_only_ids_that_genesys_made_show_anything(
    first: tuple[int, Any], again: tuple[int, Any], verdict: Verdict
) -> None:
    one, two = (Answer(status, {}, json.dumps(body).encode()) for status, body in (first, again))

    assert judged(one, two, {"entities": [{"id": "mine"}]}) == verdict


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (Found("recognised", "doubled"), ["[destinations.calls.key]", "honoured_hours = 2"]),
        (Found("conflict", "unclear"), ["honoured_hours = 2", "repeat_answers_409 = true"]),
        (Found("unclear", "recognised"), ["ids_honoured = true"]),
        (Found("unclear", "unclear"), []),
    ],
)
def test_the_settings_follow_from_what_was_found(found: Found, lines: list[str]) -> None:
    said = "\n".join(found.settings("calls"))

    assert all(line in said for line in lines)
    assert bool(said) == bool(lines)


def test_nothing_is_sent_unless_the_organisation_is_declared_a_sandbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = tmp_path / "event.json"
    event.write_text(envelope(1))

    assert main(["probe", "--event", str(event), "--environment", "example"]) == 2
    assert "add --sandbox" in capsys.readouterr().err


def test_an_event_that_no_route_takes_gives_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = tmp_path / "event.json"
    event.write_text(envelope(1, "customer.end"))
    asked = ["probe", "--event", str(event), "--environment", "example", "--sandbox"]

    assert main(asked) == 2
    assert "`relay try` shows why" in capsys.readouterr().err
