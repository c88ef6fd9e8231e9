"""The deployed configuration, from the functions' own code; it may differ from the one in a
checkout."""

import io
import json
import zipfile

import requests

from lambdas.adapters.settings import CONFIGURATION_FILE
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.resolved import load
from ops.connection import Relay
from ops.errors import OpsError
from stacks.schema.parsing import parse

#: the asset is 2 MB; a much larger one is not ours
ASSET_BYTES_MAX = 50_000_000
TIMEOUT_S = 30


def configuration(relay: Relay) -> Configuration:
    """Reads it from the write function's asset. Raises OpsError."""
    name = relay.output("WriteFunctionName")
    location = relay.functions.get_function(FunctionName=name)["Code"].get("Location", "")
    try:
        with requests.get(location, timeout=TIMEOUT_S, stream=True) as answer:
            answer.raise_for_status()
            asset = answer.raw.read(ASSET_BYTES_MAX, decode_content=True)
        with zipfile.ZipFile(io.BytesIO(asset)) as opened:
            document = json.loads(opened.read(CONFIGURATION_FILE))
        # The previous release bundled the file's contents, not the resolved configuration.
        return load(document) if isinstance(document["destinations"], list) else parse(document)
    except (requests.RequestException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise OpsError(f"The code of {name} cannot be read ({type(error).__name__}).") from error
