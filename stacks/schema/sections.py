"""Parts of a configuration that destinations and routes have in common."""

from collections.abc import Mapping

from lambdas.relay.kernel.canonical import Json


def section_of(value: Json, where: str) -> Mapping[str, Json]:
    """Raises ValueError where it is none."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} must be a section of names and values")
    return value


def item_of(item: Json, where: str) -> Mapping[str, Json]:
    """Raises ValueError where it is none."""
    if not isinstance(item, Mapping):
        raise ValueError(f"{where} must be a table of names and JMESPath expressions")
    return item


def former_names(section: Mapping[str, Json], where: str) -> tuple[str, ...]:
    """Names that it had before. Raises ValueError."""
    names = section.get("formerly", [])
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        raise ValueError(f"{where}.formerly is {names!r}; expected a list of former names")
    return tuple(names)


def flag(section: Mapping[str, Json], name: str, where: str, *, default: bool = False) -> bool:
    """Raises ValueError where it is neither true nor false."""
    value = section.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{where}.{name} is {value!r}; expected true or false")
    return value
