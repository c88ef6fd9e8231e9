"""The spellings of one name: ids are copied in either case, and people write telephone numbers in
ways in which no machine does."""

import re

from lambdas.relay.review.waiting import SHORT_ID_CHARS

#: a telephone number (ITU-T E.164: 15 digits at most) as people write it, with or without the
#: scheme of a URI (RFC 3966)
_NUMBER = re.compile(r"(?:tel:)?(\+?(?:[ ().-]{0,2}\d){7,15})", re.IGNORECASE)


def spellings(name: str) -> list[str]:
    """A name as it was given, and as the relay may know it; the first is the given one."""
    name = name.strip()
    number = _NUMBER.fullmatch(name)
    bare = "" if number is None else re.sub(r"[ ().-]", "", number[1])
    numbers = [bare, f"tel:{bare}"] if bare else []
    return list(dict.fromkeys([name, name.lower(), *numbers]))


def is_named(known: str, given: str) -> bool:
    """Whether an id is the given one, or begins with as much of it as people see."""
    known, given = known.lower(), given.strip().lower()
    return known == given or (len(given) >= SHORT_ID_CHARS and known.startswith(given))
