"""Paths of Genesys' API: the one place where an id becomes a segment of one.

Ids come from outside. Quoting is not enough: it leaves `..` as it is, HTTP libraries and servers
resolve that, and the request goes to another endpoint. Nor is a word an id that Genesys' paths have
at such a place. So whatever is no plain id is refused.
"""

import unicodedata
from collections.abc import Mapping
from string import Formatter
from urllib.parse import quote, unquote

from lambdas.relay.kernel.api_names import NAMES
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code

#: Genesys' own ids have 36 characters, foreign ones seldom a hundred
ID_CHARS_MAX = 256
#: what ends a segment, or does so at a server that decodes twice or knows path parameters
SEPARATORS = frozenset("/\\%;")


def filled(template: str, values: Mapping[str, object]) -> str:
    """A path with its names in braces filled in. Raises Malformed where a value is no id."""
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format_map({name: segment(values.get(name), name) for name in names})


def segment(value: object, name: str) -> str:
    """An id as one segment of a path. Raises Malformed where it is none."""
    if not isinstance(value, str) or not value:
        raise Malformed(Code.NO_ID(name))
    if len(value) > ID_CHARS_MAX:
        raise Malformed(Code.ID_TOO_LONG(name, len(value), ID_CHARS_MAX))
    for form in (value, unicodedata.normalize("NFKC", value)):
        if not form.isprintable() or any(c.isspace() for c in form):
            raise Malformed(Code.ID_UNPRINTABLE(name))
        if SEPARATORS & set(form) or not form.strip("."):
            raise Malformed(Code.ID_LEADS_ELSEWHERE(name))
        if form.casefold() in NAMES:
            raise Malformed(Code.ID_NAMES_ANOTHER(name, form))
    return quote(value, safe="")


def is_straight(path: str) -> bool:
    """Whether no segment of a whole path leads elsewhere, so that the request goes where it says:
    messages sealed by an earlier release were not asked."""
    segments = unquote(unquote(path)).replace("\\", "/").split("/")
    return not any(part and not part.strip(".") for part in segments)
