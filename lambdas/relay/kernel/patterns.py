"""Patterns over detail-types: `*` stands for anything, and everything else for itself, as in
EventBridge's own rules."""

from fnmatch import fnmatchcase
from functools import cache


def fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, _with_one_wildcard(pattern))


@cache
def _with_one_wildcard(pattern: str) -> str:
    """For fnmatch, to which `?` and `[` mean something too."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


@cache
def overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns."""
    #: whether the first so many characters of one and of the other can be of one text
    together = [[False] * (len(other) + 1) for _ in range(len(one) + 1)]
    together[0][0] = True
    for at, row in enumerate(together):
        for place, is_so in enumerate(row):
            if not is_so:
                continue
            left, right = one[at : at + 1], other[place : place + 1]
            if "*" in (left, right):
                # It stands for nothing more, or for what stands across from it.
                if left:
                    together[at + 1][place] = True
                if right:
                    row[place + 1] = True
            elif left and left == right:
                together[at + 1][place + 1] = True
    return together[-1][-1]
