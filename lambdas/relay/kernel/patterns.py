"""Patterns over detail-types: `*` matches any text, and every other character only itself, as in
EventBridge's rules."""

from fnmatch import fnmatchcase
from functools import cache


def fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, _with_one_wildcard(pattern))


@cache
def _with_one_wildcard(pattern: str) -> str:
    """Escapes `?` and `[`, which fnmatch would treat as wildcards too."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


@cache
def overlap(one: str, other: str) -> bool:
    """Whether some text matches both patterns."""
    #: [i][j]: whether some text matches the first i characters of `one` and j of `other`
    together = [[False] * (len(other) + 1) for _ in range(len(one) + 1)]
    together[0][0] = True
    for at, row in enumerate(together):
        for place, is_so in enumerate(row):
            if not is_so:
                continue
            left, right = one[at : at + 1], other[place : place + 1]
            if "*" in (left, right):
                # `*` matches nothing more, or the next character of the other pattern.
                if left:
                    together[at + 1][place] = True
                if right:
                    row[place + 1] = True
            elif left and left == right:
                together[at + 1][place + 1] = True
    return together[-1][-1]
