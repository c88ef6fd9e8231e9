"""Makes what journey external events need in Genesys Cloud: a schema, and a configuration of it.

    GENESYS_API_URL=https://api.mypurecloud.de GENESYS_LOGIN_URL=https://login.mypurecloud.de \\
    GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=... python -m examples.make_journey_configuration

It prints the id that belongs into `configuration_id` of an environment's destination. The OAuth
client (client credentials) needs the permissions to add external event schemas and configurations.
"""

import os
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


def main() -> None:
    access_token = token(
        os.environ["GENESYS_LOGIN_URL"],
        os.environ["GENESYS_CLIENT_ID"],
        os.environ["GENESYS_CLIENT_SECRET"],
    )
    print(make(os.environ["GENESYS_API_URL"], access_token, "Customer steps", "genesys-relay"))


if __name__ == "__main__":
    main()
