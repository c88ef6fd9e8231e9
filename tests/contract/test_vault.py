"""What the relay relies on in the vault, in every world that offers one."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.vault import S3Vault
from lambdas.relay.kernel.errors import Impossible
from lambdas.relay.kernel.ports import Vault
from tests.contract.service import Service
from tests.contract.worlds import World


@pytest.fixture
def vault(world: World) -> Vault:
    return world.vault()


@pytest.mark.parametrize("document", ["{}", "¿qué? \u2028 \U0001f600", "lone \ud800", "", "x\r\ny"])
def test_a_document_is_fetched_as_it_was_kept(vault: Vault, document: str) -> None:
    vault.keep("review/1.json", document)

    assert vault.fetch("review/1.json") == document


def test_what_was_never_kept_is_not_there(vault: Vault) -> None:
    assert vault.fetch("review/1.json") is None


def test_keeping_again_replaces(vault: Vault) -> None:
    vault.keep("review/1.json", "first")
    vault.keep("review/1.json", "second")

    assert vault.fetch("review/1.json") == "second"


def test_documents_are_listed_by_the_beginning_of_their_keys(vault: Vault) -> None:
    for key in ("quarantine/1.json", "quarantine/2.json", "review/1.json"):
        vault.keep(key, "{}")

    assert vault.keys("quarantine/", 10) == ["quarantine/1.json", "quarantine/2.json"]
    assert len(vault.keys("quarantine/", 1)) == 1
    assert vault.keys("sealed/", 10) == []


def test_what_has_been_there_longest_is_listed_first() -> None:
    """S3 lists by key, and shows times in seconds."""

    class Client:
        def list_objects_v2(self, **_request: object) -> dict[str, object]:
            times = {"quarantine/a.json": 2, "quarantine/b.json": 1, "quarantine/c.json": 2}
            return {"Contents": [{"Key": key, "LastModified": at} for key, at in times.items()]}

    found = S3Vault(Client, "bucket").keys("quarantine/", 10)  # type: ignore[arg-type]

    assert found == ["quarantine/b.json", "quarantine/a.json", "quarantine/c.json"]


def test_a_discarded_document_is_gone_and_may_be_discarded_again(vault: Vault) -> None:
    vault.keep("review/1.json", "{}")
    vault.keep("review/2.json", "{}")

    vault.discard("review/1.json")
    vault.discard("review/1.json")

    assert vault.fetch("review/1.json") is None
    assert vault.fetch("review/2.json") == "{}"


def test_a_vault_connects_once_and_not_before_it_is_used() -> None:
    """intake needs it only for what it cannot read, and a client takes time at a cold start."""
    connected: list[str] = []

    class Client:
        def __init__(self) -> None:
            connected.append("s3")

        def delete_object(self, **_request: str) -> None: ...

    vault = S3Vault(Client, "bucket")  # type: ignore[arg-type]
    assert connected == []

    vault.discard("review/1.json")
    vault.discard("review/2.json")
    assert connected == ["s3"]


def test_a_key_that_s3_will_never_take_is_impossible() -> None:
    too_long = ClientError({"Error": {"Code": "KeyTooLongError"}}, "PutObject")
    client: Any = Service(put_object=too_long)

    with pytest.raises(Impossible):
        S3Vault(lambda: client, "bucket").keep("review/1.json", "{}")


def test_a_document_says_that_it_is_json() -> None:
    client: Any = Service(put_object={})
    S3Vault(lambda: client, "bucket").keep("review/1.json", "{}")

    ((_, asked),) = client.asked
    assert asked["ContentType"] == "application/json"
