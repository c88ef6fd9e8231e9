"""Templates to look at, synthesised once."""

import pytest

from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """Two environments of one account: one with every option, one that is disposable."""
    return synthesise(
        tmp_path_factory.mktemp("production"),
        production=environment_text(
            'account = "123456789012"',
            'region = "eu-central-1"',
            'removal = "retain"',
            'detail_types = ["v2.detail.events.conversation.{id}.acd.start"]',
            'alarm_email = "on-call@example.com"',
            "fixed_egress = true",
            "writer_concurrency = 3",
            "linger_s = 9",
            source="aws.partner/genesys.com/cloud/org/production",
            rest=DESTINATIONS_AND_ROUTES + '[webhook]\nverification = "signature"\n[audit]\n',
        ),
        staging=environment_text(
            'account = "123456789012"',
            'removal = "destroy"',
            'timing = "rehearsal"',
            source="aws.partner/genesys.com/cloud/org/staging",
        ),
    )
