"""What CloudFormation would replace if its name or key changed, and what would be lost.

A construct that is renamed or moved gets another logical id: for CloudFormation the old resource is
gone and a new, empty one takes its place. So these ids, and the properties whose change replaces a
resource, are written down here. Whoever changes one moves the data first.
"""

import pytest

from tests.stacks.synthesised import Synthesised, Template, readable

LOST = {
    "LedgerTable9343E4AA": "every claim and every record: copies would take effect again",
    "VaultBucket0925C477": "quarantine, review and sealed payloads would stay behind, unseen",
    "PersonalKeySecret68FDAC61": "the key of claims on personal names: their copies would be new",
    "CredentialsSecret40F8BB41": "the OAuth client: Genesys would refuse every call",
    "WebhookKeys2DC96B06": "the senders' keys: all of them would be refused",
    "BusesPartnerF8B05ED7": "the partner source's bus, and with it what its archive can replay",
    "BusesRelay20E0DBCA": "the bus that applications send to by name",
    "BusesPartnerArchive012C8108": "what can be replayed after a mishap",
    "BusesRelayArchive26A416EF": "what can be replayed after a mishap",
    "NetworkAddressFA8F1C7D": "the address that Genesys' allow-list names",
    "WebhookApi427E2EB3": "the address that senders post to",
    "QueuesEventsQueueDD24C13C": "events under way would wait in a queue that nobody reads",
    "QueuesEventsDead056F8D6C": "given-up events would wait in a queue that nobody reads",
    "QueuesBatchesQueue38B7DA9B": "sealed batches under way would wait unread",
    "QueuesBatchesDeadEB4D3EBB": "given-up batches would wait unread",
    "QueuesWritesQueue5B0173A9": "requests under way would wait unread",
    "QueuesWritesDeadD2506749": "given-up requests would wait unread",
    "QueuesChecksQueue62808810": "confirmations under way would wait unread",
    "QueuesChecksDead2B7482E3": "given-up confirmations would wait unread",
}

#: by type: the properties whose change replaces the resource ("Update requires: Replacement" in
#: CloudFormation's reference), as far as we set or might be tempted to set them
REPLACING = {
    "AWS::DynamoDB::Table": ("TableName", "KeySchema", "ImportSourceSpecification"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::Events::EventBus": ("Name", "EventSourceName"),
    "AWS::Events::Archive": ("ArchiveName", "SourceArn"),
    "AWS::SQS::Queue": ("QueueName", "FifoQueue"),
    "AWS::EC2::EIP": ("Domain",),
    "AWS::ApiGatewayV2::Api": ("ProtocolType",),
}
SOURCE = "aws.partner/genesys.com/cloud/org/production"
KEPT: dict[str, dict[str, object]] = {
    "LedgerTable9343E4AA": {
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
    },
    "BusesPartnerF8B05ED7": {"Name": SOURCE, "EventSourceName": SOURCE},
    "BusesRelay20E0DBCA": {"Name": "genesys-relay-production"},
    "BusesPartnerArchive012C8108": {"SourceArn": "<BusesPartner>"},
    "BusesRelayArchive26A416EF": {"SourceArn": "<BusesRelay>"},
    "NetworkAddressFA8F1C7D": {"Domain": "vpc"},
    "WebhookApi427E2EB3": {"ProtocolType": "HTTP"},
    **{
        f"Queues{title}{end}{mark}": {
            "QueueName": f"<AWS::StackName>-{title.lower()}{'-dead' if end == 'Dead' else ''}-"
            "<AWS::StackId>.split(/)[2].split(-)[0]"
        }
        for title, end, mark in (
            ("Events", "Queue", "DD24C13C"),
            ("Events", "Dead", "056F8D6C"),
            ("Batches", "Queue", "38B7DA9B"),
            ("Batches", "Dead", "EB4D3EBB"),
            ("Writes", "Queue", "5B0173A9"),
            ("Writes", "Dead", "D2506749"),
            ("Checks", "Queue", "62808810"),
            ("Checks", "Dead", "2B7482E3"),
        )
    },
}


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


@pytest.mark.parametrize(("identity", "loss"), LOST.items(), ids=LOST)
def test_a_resource_that_holds_something_stays_the_same_resource(
    template: Template, identity: str, loss: str
) -> None:
    resource = template["Resources"].get(identity)
    assert resource is not None, f"{identity} would be replaced: {loss}."

    replacing = REPLACING[resource["Type"]]
    said = {
        name: readable(value)
        for name, value in resource.get("Properties", {}).items()
        if name in replacing
    }
    assert said == KEPT.get(identity, {}), f"{identity} would be replaced: {loss}."


def test_nothing_that_holds_something_is_missing_here(template: Template) -> None:
    holding = {
        identity
        for identity, resource in template["Resources"].items()
        if resource["Type"] in REPLACING
    }

    assert holding == set(LOST)
