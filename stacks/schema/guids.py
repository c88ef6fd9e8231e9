"""Ids of Genesys Cloud, which are GUIDs (the SDK's models and examples)."""

import re

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: 32 random digits are at least so many different ones; those that somebody made up seldom are
DIGITS_MIN = 8


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def made_up(text: str) -> str:
    """The first id within a text that stands for another, as in the example; "" where none does."""
    found = (match[0] for match in _GUID.finditer(text))
    return next((each for each in found if len(set(each) - {"-"}) < DIGITS_MIN), "")
