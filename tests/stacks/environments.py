"""Environment files for tests."""

DESTINATIONS_AND_ROUTES = """
[destinations.journey]
kind = "journey-external-events"
configuration_id = "00000000-0000-4000-8000-000000000001"
external_source_id = "00000000-0000-4000-8000-000000000002"

[[routes]]
name = "all"
destination = "journey"
"""


def environment_text(
    *settings: str,
    source: str = "aws.partner/genesys.com/cloud/org/suffix",
    genesys: str = 'genesys_region = "eu-central-1"',
    rest: str = DESTINATIONS_AND_ROUTES,
) -> str:
    """A valid environment file with further lines in [relay]."""
    lines = ["[relay]", f'partner_event_source = "{source}"', genesys, *settings]
    return "\n".join(lines) + "\n" + rest
