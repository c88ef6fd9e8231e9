"""The doctor's check of the OAuth client: what may keep the client out, where Genesys does not
say."""

from typing import Any, ClassVar

import pytest

from ops import checks
from ops.errors import OpsError
from ops.genesys_probe import Probe, token_of
from simulator.faults import NONE
from simulator.oauth import CLIENT_ID
from tests.ops.test_setup_journey import Wire
from tests.simulator.world import World

LOGIN = "https://login.simulated"


class Relay:
    """As much of it as the check looks at."""

    settings: ClassVar = {"GENESYS_LOGIN_URL": LOGIN}


def examined(monkeypatch: pytest.MonkeyPatch, world: World, client_id: str, secret: str) -> str:
    wire = Wire(world.platform)
    monkeypatch.setattr(
        Probe, "token", lambda _: token_of(wire, LOGIN, client_id, secret), raising=True
    )
    relay: Any = Relay()
    with pytest.raises(OpsError) as told:
        checks._token(relay)
    return str(told.value)


@pytest.mark.parametrize(
    ("client_id", "words"),
    [(CLIENT_ID, "authentication failed"), ("other", "client not found: invalid clientId")],
)
def test_a_client_that_is_kept_out_gets_the_possible_reasons(
    client_id: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = examined(monkeypatch, World(NONE), client_id, "wrong")
    assert f"invalid_client: {words}" in says
    assert "Allowed IP Addresses" in says
    assert "EgressAddress" in says
    assert "OAuth scope enforcement" in says


def test_a_failing_genesys_blames_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(NONE)
    world.control("POST", "outage", {"seconds": 60})
    says = examined(monkeypatch, world, CLIENT_ID, "wrong")
    assert "Genesys is failing" in says
    assert "Allowed IP" not in says
