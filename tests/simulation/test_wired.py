"""The real adapters in the proof: botocore over the simulated world, wired by the template."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lambdas.adapters.ledger import DynamoLedger
from lambdas.adapters.queues import SqsQueue
from lambdas.relay.kernel.limits import LIVE, MESSAGES_PER_INVOCATION, RECEIVES_MAX, TIMINGS
from lambdas.relay.kernel.ports import Item, Outgoing
from simulation.aws.wiring import Wiring, of_template
from simulation.aws.world import WiredWorld, draw_wired, run_wired
from simulation.checker import check
from simulation.fault_plan import Kind
from simulation.scenario import Scenario, calm, draw
from simulation.workload import Shares
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise

#: seeds of quick worlds; `make sim` runs more
SEEDS = (2,)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("wired")
    return synthesise(folder, wired=environment_text()).templates["wired"]


@pytest.fixture(scope="module")
def wiring(template: dict[str, Any]) -> Wiring:
    return of_template(template)


def _calm(events: int = 20) -> Scenario:
    return replace(calm(1, "honoured", events), publishing_s=100)


def test_without_faults_everything_arrives_once(wiring: Wiring) -> None:
    scenario = _calm()

    account = check(WiredWorld(scenario, wiring).run(), scenario.regime)

    assert (account.delivered, account.doubled, account.violations) == (20, 0, [])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_is_accounted_for_whatever_goes_wrong(seed: int, wiring: Wiring) -> None:
    trial = run_wired(draw_wired(seed), wiring)

    assert trial.account.violations == []
    assert trial.account.delivered > 0


def test_the_template_says_what_the_limits_say(wiring: Wiring) -> None:
    """The simulated world without a template is the one that is deployed."""
    assert wiring.receives_max == RECEIVES_MAX
    assert wiring.batch_size == MESSAGES_PER_INVOCATION
    assert wiring.timeouts_s == {v: LIVE.function_timeout_s[v] for v in wiring.timeouts_s}
    assert {n: wiring.visibility_s[n] for n in RECEIVES_MAX} == LIVE.visibility_s


def test_genesys_is_no_slower_than_the_functions_timeouts_allow(wiring: Wiring) -> None:
    """A request that takes effect later than that is a second effect, which nobody promises to
    prevent (R1)."""
    told = TIMINGS[wiring.text("write", "TIMING")]

    assert all(draw_wired(seed).timing == told for seed in range(20))
    assert any(draw(seed).timing != told for seed in range(20))


def _without(wiring: Wiring, verb: str, told: str) -> Wiring:
    variables = {name: value for name, value in wiring.variables[verb].items() if name != told}
    return replace(wiring, variables={**wiring.variables, verb: variables})


def test_a_function_that_lacks_a_variable_is_seen(wiring: Wiring) -> None:
    with pytest.raises(RuntimeError, match="WRITES_QUEUE_URL"):
        WiredWorld(_calm(), _without(wiring, "dedup", "WRITES_QUEUE_URL")).run()


def test_a_function_that_knows_no_table_is_seen(wiring: Wiring) -> None:
    scenario = replace(_calm(), steps_max=5_000)

    account = check(
        WiredWorld(scenario, _without(wiring, "write", "LEDGER_TABLE")).run(), scenario.regime
    )

    assert account.delivered == 0
    assert account.violations


def test_a_wrong_queue_is_seen(wiring: Wiring) -> None:
    """What dedup has claimed goes to confirm."""
    told = {**wiring.variables["dedup"]}
    told["WRITES_QUEUE_URL"] = told["CHECKS_QUEUE_URL"]
    crossed = replace(wiring, variables={**wiring.variables, "dedup": told})
    scenario = replace(_calm(), steps_max=5_000)

    account = check(WiredWorld(scenario, crossed).run(), scenario.regime)

    assert "a message that belongs elsewhere was sent to checks" in account.violations


# Mistakes in the adapters that only show on the wire. Inconsistent reads, and keys left
# unprocessed, do no harm to what conditional writes decide: tests/contract/test_what_is_asked.py
# tests these.


def _all_applied(self: DynamoLedger, items: Sequence[Item]) -> list[bool]:
    from lambdas.adapters.ledger import _pack, _statement

    statements: Any = [_statement(self._table, _pack(item)) for item in items]
    answer = self._client.batch_execute_statement(Statements=statements)
    codes = [str(row.get("Error", {}).get("Code", "")) for row in answer["Responses"]]
    return [code != "DuplicateItem" for code in codes]


def _all_taken(self: SqsQueue, messages: Sequence[Outgoing]) -> None:
    for at in range(0, len(messages), 10):
        rows: Any = [
            {
                "Id": str(n),
                "MessageBody": each.body,
                "DelaySeconds": each.delay_s,
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in each.attributes.items()
                    if value
                },
            }
            for n, each in enumerate(messages[at : at + 10])
        ]
        self._client.send_message_batch(QueueUrl=self._url, Entries=rows)


MISTAKES: dict[str, tuple[Any, str, Any]] = {
    "a statement that was not applied was": (DynamoLedger, "_insert_batch", _all_applied),
    "messages that were not taken were": (SqsQueue, "send", _all_taken),
}
#: a small world that shows each of them
SHOWN_BY = {
    "a statement that was not applied was": 1,
    "messages that were not taken were": 3,
}
#: so many faults of the wire that a small world is enough
HEAVY: dict[Kind, float] = {
    "keys unprocessed": 0.6,
    "ledger partly applied": 0.5,
    "send partly": 0.6,
    "delivered twice": 0.3,
    "acknowledgement lost": 0.2,
}


def _heavy(seed: int) -> Scenario:
    shares = Shares(poison=0.1, odd=0.0, copies=0.5)
    scenario = replace(_calm(), seed=seed, shares=shares, rates=HEAVY, regroups=True, concurrency=4)
    return replace(scenario, most_items=2, intake_most=20, steps_max=6_000, publishing_s=0)


def test_a_small_world_with_many_faults_of_the_wire_holds() -> None:
    assert run_wired(_heavy(1)).account.violations == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_on_the_wire_is_seen(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MISTAKES[mistake])

    assert run_wired(_heavy(SHOWN_BY[mistake])).account.violations
