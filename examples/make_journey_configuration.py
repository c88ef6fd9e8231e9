"""Makes what journey external events need in Genesys Cloud: a schema, and a configuration of it.

    GENESYS_API_URL=https://api.mypurecloud.de GENESYS_LOGIN_URL=https://login.mypurecloud.de \\
    GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=... python -m examples.make_journey_configuration

It prints the id that belongs into `configuration_id` of an environment's destination. The OAuth
client (client credentials) needs the permissions to add external event schemas and configurations.
"""

import argparse
import os
import sys
from typing import Any

import requests

TIMEOUT_S = 30
ROOT = "/api/v2/journey/externalevents"
#: journey schemas are of draft 04
SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "Customer steps",
    "description": "What a customer did outside the contact centre",
    "properties": {
        "stepId": {"type": "string", "title": "Step"},
        "type": {"type": "string", "title": "What happened"},
        "channel": {"type": "string", "title": "Channel"},
        "correlationId": {"type": "string", "title": "Process"},
    },
}


def token(login_url: str, client_id: str, client_secret: str) -> str:
    answer = requests.post(
        f"{login_url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, client_secret),
        timeout=TIMEOUT_S,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def make(api_url: str, access_token: str, name: str, source: str) -> str:
    """Makes schema and configuration; returns the configuration's id."""
    session = requests.Session()
    session.headers["authorization"] = f"Bearer {access_token}"
    schema = _created(session, f"{api_url}{ROOT}/schemas", SCHEMA)
    wanted = {"name": name, "schemaId": schema["id"], "source": source}
    configuration = _created(session, f"{api_url}{ROOT}/configurations", wanted)
    return str(configuration["id"])


def _created(session: requests.Session, url: str, document: dict[str, Any]) -> dict[str, Any]:
    answer = session.post(url, json=document, timeout=TIMEOUT_S)
    answer.raise_for_status()
    created: dict[str, Any] = answer.json()
    return created


def variables(*names: str) -> list[str]:
    """What the environment says; `--help` explains it."""
    form = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=__doc__, formatter_class=form).parse_args()
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"Set {', '.join(missing)} in the environment; --help says to what.")
    return [os.environ[name] for name in names]


def main() -> None:
    names = ("API_URL", "LOGIN_URL", "CLIENT_ID", "CLIENT_SECRET")
    api_url, *access = variables(*(f"GENESYS_{name}" for name in names))
    try:
        print(make(api_url, token(*access), "Customer steps", "genesys-relay"))
    except requests.RequestException as error:
        sys.exit(f"Genesys Cloud did not make it: {error}")


if __name__ == "__main__":
    main()
