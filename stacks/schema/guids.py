"""Ids of Genesys Cloud, which are GUIDs (the SDK's models and examples)."""

import re

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: 32 random digits contain at least this many different ones; invented ids seldom do
DIGITS_MIN = 8


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def made_up(text: str) -> str:
    """The first invented id in a text, such as one from an example; "" if there is none."""
    found = (match[0] for match in _GUID.finditer(text))
    return next((each for each in found if len(set(each) - {"-"}) < DIGITS_MIN), "")
