"""The steps of an acceptance run, in order. Each does one thing that a person would do, raises
Failure if the relay does not do its part, and returns what is worth noting."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ops import archives
from ops.acceptance import alarms, events, leftovers
from ops.acceptance.account import Account, Failure
from ops.screen import plural

#: a source that no partner has, as in a typing error
MISTYPED = "aws.partner/genesys.com/cloud/00000000-0000-4000-8000-000000000000/nobody"
EVENTS = 20
ROLLED_BACK = ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", None)
#: how long a function may keep the keys that it read, and a little more
KEYS_KNOWN_S = 420.0


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    act: Callable[[Account], str | None]
    #: why it is skipped on the embedded AWS; "": it is not
    lacking: str = ""
    #: why it is skipped everywhere; "": it is not
    never: str = ""
    #: the later steps make no sense without it
    is_base: bool = False


def first_deploy_fails(account: Account) -> str:
    if account.deploy(source=MISTYPED):
        raise Failure("A deploy succeeded whose partner event source does not exist.")
    if account.state() not in ROLLED_BACK:
        raise Failure(f"The failed first deploy left the stack {account.state()}.")
    return f"the stack is {account.state()}"


def deploy_with_retain(account: Account) -> None:
    account.require_deploy()
    if not account.is_protected():
        raise Failure("The stack is not protected from deletion after its first deploy.")


def over_the_relay_bus(account: Account) -> None:
    markers = account.markers(EVENTS)
    for _ in range(2):  # once more, like a publisher that missed its answer
        events.put_on_relay_bus(account, markers)
    account.require_once(markers)


def over_the_partner_bus(account: Account) -> None:
    markers = account.markers(EVENTS)
    events.put_on_partner_bus(account, account.bus("one"), markers)
    account.require_once(markers)


def over_the_webhook(account: Account) -> None:
    (key,), markers = events.keys(account), account.markers(EVENTS)
    for marker in markers:
        if not account.until(lambda one=marker: events.post(account, key, one) == 200):  # type: ignore[misc]
            raise Failure(f"The webhook does not take {marker}.")
    refused = events.post(account, "x" * len(key), markers[0])
    if refused != 401:
        raise Failure(f"The webhook answers {refused} to a wrong key; it must answer 401.")
    account.require_once(markers)


def redriven_as_the_console_does(account: Account) -> str:
    """A dead letter as from EventBridge: an event that no rule could deliver. SQS knows no source
    for it, so the console's default fails there; the queue must be named."""
    (marker,) = account.markers(1)
    line, sqs = account.relay.line("events"), account.client("sqs")
    sqs.send_message(QueueUrl=line.dead_url, MessageBody=events.envelope(account, marker))
    arns = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        for url in (line.dead_url, line.url)
    ]
    default = _moved(account, SourceArn=arns[0])
    named = _moved(account, SourceArn=arns[0], DestinationArn=arns[1])
    account.require_once([marker])
    return f"the default choice ended {default}, the queue's name {named}"


def _moved(account: Account, **wanted: str) -> str:
    sqs, states = account.client("sqs"), ["RUNNING"]
    sqs.start_message_move_task(**wanted)

    def has_ended() -> bool:
        task = sqs.list_message_move_tasks(SourceArn=wanted["SourceArn"])["Results"][0]
        states.append(" ".join(filter(None, (task["Status"], task.get("FailureReason")))))
        return states[-1] not in ("RUNNING", "CANCELLING")

    account.until(has_ended)
    return states[-1]


def replayed_from_the_archive(account: Account) -> str:
    """An event that came while the rule was disabled is only in the archive. The replay also
    publishes the others of that time, which must have no second effect."""
    relay, bus = account.relay, account.bus("one")
    began = datetime.now(UTC) - timedelta(seconds=1)
    before, (missed,) = account.markers(EVENTS), account.markers(1)
    events.put_on_partner_bus(account, bus, before)
    account.require_once(before)
    rule = {"Name": f"{account.stack}-partner", "EventBusName": bus}
    relay.events.disable_rule(**rule)
    try:
        account.settle()
        events.put_on_partner_bus(account, bus, [missed])
        account.settle()
    finally:
        relay.events.enable_rule(**rule)
    ended = datetime.now(UTC) + timedelta(seconds=1)
    account.settle(archives.ARCHIVE_LAG_S)
    archive = archives.archive_of(relay, "partner", began)
    name = archives.start(relay, archive, began, ended, f"acceptance-{account.run}")
    account.until(lambda: archives.progress(relay, name)[0] in ("COMPLETED", "FAILED"))
    account.require_once([*before, missed])
    return f"replay {archives.progress(relay, name)[0]}"


def secret_rotated(account: Account) -> None:
    """Both keys work while both are in the secret; the old one stops once it is removed."""
    (old,), new = events.keys(account), secrets.token_hex(32)
    first, second, third = account.markers(3)
    events.set_keys(account, [old, new])
    if not account.until(lambda: events.post(account, new, first) == 200, KEYS_KNOWN_S):
        raise Failure("The webhook does not take the new key.")
    if events.post(account, old, second) != 200:
        raise Failure("The webhook refuses the old key while it is still in the secret.")
    events.set_keys(account, [new])

    def is_refused() -> bool:
        # An unknown key makes the function read the secret again.
        events.post(account, secrets.token_hex(32), third)
        return events.post(account, old, second) == 401

    if not account.until(is_refused, KEYS_KNOWN_S):
        raise Failure("The webhook still takes a key that was taken out of the secret.")
    account.require_once([first, second])


def source_changed(account: Account) -> str:
    """The queue, the ledger and the old bus stay; a copy that comes over the new bus is a copy."""
    before, markers = account.markers(1), account.markers(EVENTS)
    events.put_on_relay_bus(account, before)
    account.require_deploy(source=account.bus("two"))
    events.put_on_relay_bus(account, before)
    events.put_on_partner_bus(account, account.bus("two"), markers)
    account.require_once([*before, *markers])
    events.put_on_partner_bus(account, account.bus("one"), account.markers(1))
    return "the old bus stands, and leads to its archive only"


def deploy_fails_and_is_repaired(account: Account) -> str:
    """The next bus's name is already taken: CloudFormation rolls back, events keep flowing."""
    taken, during, after = account.bus("three"), account.markers(1), account.markers(1)
    account.made.add(("AWS::Events::EventBus", taken))
    account.client("events").create_event_bus(Name=taken)
    if account.deploy(source=taken, options=["--revert-drift"]):
        raise Failure("A deploy succeeded whose bus somebody else has.")
    if account.state() not in ROLLED_BACK:
        raise Failure(f"The failed deploy left the stack {account.state()}.")
    failed = account.state()
    events.put_on_partner_bus(account, account.bus("two"), during)
    account.require_once(during)
    account.client("events").delete_event_bus(Name=taken)
    account.require_deploy(source=taken)
    events.put_on_partner_bus(account, taken, after)
    account.require_once(after)
    return f"{failed}, then deployed again"


def release_rolled_back(account: Account) -> str:
    """The next release is deployed and rolled back while events are in progress."""
    earlier, later = account.markers(EVENTS), account.markers(EVENTS)
    events.put_on_relay_bus(account, earlier)
    account.require_deploy(release="b")
    events.put_on_relay_bus(account, later)
    account.require_deploy(release="a")
    account.require_once([*earlier, *later])
    return f"records by release: {dict(sorted(account.witness.releases.items()))}"


def deleted(account: Account) -> str:
    account.delete()
    kept = sorted({kind for kind, _ in leftovers.standing(account)})
    for kind in leftovers.KEPT:
        if kind not in kept:
            raise Failure(f"Deleting the stack took {kind} with it, which `retain` keeps.")
    return f"kept: {', '.join(kind.rpartition(':')[2] for kind in kept)}"


def deployed_over_what_was_kept(account: Account) -> str:
    (marker,) = account.markers(1)
    account.require_deploy()
    events.put_on_relay_bus(account, [marker])
    account.require_once([marker])
    return "the new stack took it over"


def cleaned_up(account: Account) -> str:
    try:
        account.delete()
    finally:
        count = leftovers.remove(account)
    left = leftovers.standing(account)
    if left:
        named: list[Any] = [f"{kind} {made}" for kind, made in left]
        raise Failure(f"Still there: {'; '.join(named)}.")
    return f"{plural(count, 'resource')} that outlived the stack and the stack itself: gone"


STEPS = (
    Step(
        "a first deploy fails, as with a mistyped source",
        first_deploy_fails,
        lacking="it makes a bus for any partner source",
    ),
    Step("deploy with retain", deploy_with_retain, is_base=True),
    Step("events over the relay's bus, each twice", over_the_relay_bus),
    Step("events over the partner's bus", over_the_partner_bus),
    Step("events over the webhook", over_the_webhook),
    Step(
        "events of Genesys Cloud itself, and writes to it",
        over_the_partner_bus,
        never="the run has no organisation; `relay doctor` and `relay probe` ask a real one",
    ),
    Step("every alarm reaches its topic", alarms.reach_somebody),
    Step(
        "every alarm rings by its metrics, and ends",
        alarms.ring,
        lacking="its CloudWatch computes no metric math and ignores dimensions",
    ),
    Step("redriven as the console does", redriven_as_the_console_does),
    Step("replayed from the archive", replayed_from_the_archive),
    Step("secret rotated", secret_rotated),
    Step("partner source changed", source_changed),
    Step("a deploy fails on purpose, and is repaired", deploy_fails_and_is_repaired),
    Step("a release rolled back, events under way", release_rolled_back),
    Step("deleted, and what holds data is kept", deleted, is_base=True),
    Step(
        "deployed over what was kept",
        deployed_over_what_was_kept,
        lacking="its CloudFormation takes over nothing that is there",
    ),
)
CLEAN_UP = Step("cleaned up", cleaned_up)
