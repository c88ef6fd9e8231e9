"""Nothing is lost between the verbs: dead letters, retention, visibility, encryption, TLS."""

import pytest

from lambdas.relay.kernel import limits
from tests.stacks.synthesised import Synthesised, Template, as_list, readable, resources

QUEUE = "AWS::SQS::Queue"
#: kept, once the deploy that made it has succeeded
KEPT = "RetainExceptOnCreate"
NAMES = ("Events", "Batches", "Writes", "Checks")


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_queue_gives_up_goes_to_its_own_dead_letter_queue(
    template: Template, name: str
) -> None:
    queue = resources(template, QUEUE)[f"Queues{name}Queue"]["Properties"]

    assert readable(queue["RedrivePolicy"]) == {
        "deadLetterTargetArn": f"<Queues{name}Dead>",
        "maxReceiveCount": limits.RECEIVES_MAX[name.lower()],
    }


@pytest.mark.parametrize("name", NAMES)
def test_only_its_source_may_use_a_dead_letter_queue(template: Template, name: str) -> None:
    queues = resources(template, QUEUE)
    source, dead = (queues[f"Queues{name}{end}"]["Properties"] for end in ("Queue", "Dead"))

    allowed = dead["RedriveAllowPolicy"]
    assert allowed["redrivePermission"] == "byQueue"
    (arn,) = allowed["sourceQueueArns"]
    assert readable(arn).endswith(":" + readable(source["QueueName"]))
    assert source["RedriveAllowPolicy"] == {"redrivePermission": "denyAll"}


@pytest.mark.parametrize("name", NAMES)
def test_dead_letters_outlive_their_source(template: Template, name: str) -> None:
    queues = resources(template, QUEUE)
    source, dead = (queues[f"Queues{name}{end}"]["Properties"] for end in ("Queue", "Dead"))

    assert source["MessageRetentionPeriod"] == 4 * 86_400
    assert dead["MessageRetentionPeriod"] == 14 * 86_400


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_message_stays_hidden_for_six_timeouts_and_the_batching_window(
    production: Synthesised, environment: str
) -> None:
    template = production.templates[environment]
    functions = resources(template, "AWS::Lambda::Function")
    queues = resources(template, QUEUE)
    mappings = resources(template, "AWS::Lambda::EventSourceMapping").values()

    assert len(mappings) == len(NAMES)
    for mapping in (readable(each["Properties"]) for each in mappings):
        timeout = functions[mapping["FunctionName"].strip("<>")]["Properties"]["Timeout"]
        queue = queues[mapping["EventSourceArn"].strip("<>")]["Properties"]
        window = mapping["MaximumBatchingWindowInSeconds"]
        assert queue["VisibilityTimeout"] >= 6 * timeout + window


def refusing(template: Template, action: str, condition: object) -> set[str]:
    """The queues that refuse this to everybody, under this condition."""
    return {
        name
        for policy in resources(template, "AWS::SQS::QueuePolicy").values()
        for statement in readable(policy["Properties"]["PolicyDocument"]["Statement"])
        if statement["Effect"] == "Deny"
        and action in as_list(statement["Action"])
        and statement.get("Condition") == condition
        and statement["Principal"] == {"AWS": "*"}
        for name in as_list(statement["Resource"])
    }


def test_every_queue_is_encrypted_and_refuses_plain_http(template: Template) -> None:
    queues = resources(template, QUEUE)
    plain = {"Bool": {"aws:SecureTransport": "false"}}

    assert all(queue["Properties"]["SqsManagedSseEnabled"] for queue in queues.values())
    assert refusing(template, "sqs:*", plain) == {f"<{name}>" for name in queues}


def test_no_queue_can_be_purged(template: Template) -> None:
    """It is the one act in the console that silently loses events."""
    queues = resources(template, QUEUE)
    assert refusing(template, "sqs:PurgeQueue", None) == {f"<{name}>" for name in queues}


def test_queues_stay_when_the_stack_goes_unless_they_are_disposable(
    production: Synthesised,
) -> None:
    for environment, policy in (("production", KEPT), ("staging", "Delete")):
        queues = resources(production.templates[environment], QUEUE).values()
        assert {queue["DeletionPolicy"] for queue in queues} == {policy}


def test_a_new_stack_of_the_same_name_does_not_meet_the_retained_queues(
    template: Template,
) -> None:
    names = [
        readable(queue["Properties"]["QueueName"]) for queue in resources(template, QUEUE).values()
    ]

    assert all("<AWS::StackId>" in name for name in names)
    assert len(set(names)) == len(names)
