"""The proof can fail: each mistake that a good engineer could make is caught."""

import ast
import inspect
from functools import cache
from multiprocessing.pool import Pool
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simulation.mutants import MUTANTS
from simulation.mutants.mutant import Mutant
from simulation.mutants.tracking import TRACKING
from simulation.work import hunt_mutant

ALL = (*MUTANTS, *TRACKING)
#: worlds that are tried after the one that is known to show a mistake (simulation/seeds.py finds
#: new seeds)
HUNTED_MAX = 60
LAMBDAS = Path(__file__).parents[2] / "lambdas"


@pytest.fixture(scope="module")
def caught(processes: Pool) -> dict[str, str]:
    """What the checker said to each of these."""
    parts = [(n, 1, HUNTED_MAX) for n in range(len(MUTANTS))]
    return {h.mutant: h.said for h in processes.imap_unordered(hunt_mutant, parts)}


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS])
def test_the_checker_objects_to(name: str, caught: dict[str, str]) -> None:
    assert caught[name]


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_every_patch_is_where_the_code_looks(mutant: Mutant) -> None:
    """A patch of a name that nobody reads is no mistake."""
    for place, name, replacement in mutant.patches:
        assert getattr(place, name) != replacement
        assert name in _read_in(place), f"nothing reads {name} of {place.__name__}"


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_every_patch_accepts_the_codes_arguments(mutant: Mutant) -> None:
    """Otherwise a crash is caught, and not the mistake."""
    for place, name, replacement in mutant.patches:
        original = getattr(place, name)
        if inspect.isfunction(original):
            assert _takes_what_is_given(original, replacement), mutant.name


def _takes_what_is_given(original: Any, replacement: Any) -> bool:
    """What has a default may be given by position or by name."""
    given = inspect.signature(original).parameters.values()
    needed = [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
    more = [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is not p.empty]
    named = [p.name for p in given if p.kind is p.KEYWORD_ONLY]
    signature = inspect.signature(replacement)
    for by_place, by_name in ((needed + more, named), (needed, more + named)):
        try:
            signature.bind(*by_place, **dict.fromkeys(by_name))
        except TypeError:
            continue
        return True
    return False


def _read_in(place: Any) -> set[str]:
    """Names that the code of a module reads, or that anybody reads as an attribute."""
    own = set()
    if isinstance(place, ModuleType):
        tree = ast.parse(inspect.getsource(place))
        own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return own | _attributes()


@cache
def _attributes() -> frozenset[str]:
    """Names that are read as attributes, somewhere in what is deployed."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in LAMBDAS.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return frozenset(n.attr for n in nodes if isinstance(n, ast.Attribute))


def test_there_are_enough_mutants_and_each_has_its_own_name() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL) >= 20
