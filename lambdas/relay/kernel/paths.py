"""Paths of Genesys' API: the only place where an id becomes a segment of a path.

Ids come from outside. Quoting is not enough: it keeps `..`, which HTTP libraries and servers
resolve, so the request would go to another endpoint. A word that Genesys' paths have in place of an
id would lead elsewhere too. So anything that is not a plain id is refused.
"""

import unicodedata
from collections.abc import Mapping
from string import Formatter
from urllib.parse import quote, unquote

from lambdas.relay.kernel.api_names import NAMES
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code

#: Genesys' own ids have 36 characters, those of others rarely a hundred
ID_CHARS_MAX = 256
#: characters that end a segment, some only at servers that decode twice or know path parameters
SEPARATORS = frozenset("/\\%;")


def filled(template: str, values: Mapping[str, object]) -> str:
    """A path with its names in braces filled in. Raises Malformed if a value is not an id."""
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format_map({name: segment(values.get(name), name) for name in names})


def segment(value: object, name: str) -> str:
    """An id as one segment of a path. Raises Malformed if the value is not an id."""
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
    """Whether no segment of a path consists of dots only (`..`), so that the request goes to this
    path. Messages sealed by an earlier release were not checked for that."""
    segments = unquote(unquote(path)).replace("\\", "/").split("/")
    return not any(part and not part.strip(".") for part in segments)
