"""The rules R1-R8 that the prototype forced. Each is broken on purpose: then a world fails that
passes with the rule in place (a hunt counts no other)."""

from simulation.hunting import hunt
from simulation.mutants import mutant_of

SEEDS_MAX = 120


def _is_needed_and_kept(mistake: str, *words: str) -> None:
    hunted = hunt(mutant_of(mistake), 1, SEEDS_MAX)
    assert hunted.seeds is not None, f"nothing shows the mistake: {mistake}"
    assert any(word in hunted.said for word in words), hunted.said


DOUBLED = ("took effect", "was doubled")


def test_r1_quarantine_outlasts_late_effects() -> None:
    _is_needed_and_kept("no quarantine", *DOUBLED)


def test_r2_a_later_429_does_not_clear_the_doubt() -> None:
    _is_needed_and_kept("a later 429 clears the doubt", *DOUBLED)


def test_r3_a_refusal_in_doubt_is_no_rejection() -> None:
    _is_needed_and_kept("a refusal is a refusal", *DOUBLED, "counts as rejected")


def test_r4_a_key_is_trusted_only_while_it_is_remembered() -> None:
    _is_needed_and_kept("a key is trusted for ever", *DOUBLED)


def test_r5_a_missing_claim_proves_nothing_beyond_the_horizon() -> None:
    _is_needed_and_kept("a missing claim is proof of novelty", *DOUBLED)


def test_r5_a_missing_record_proves_nothing_either() -> None:
    _is_needed_and_kept("a missing record is written anew", *DOUBLED)


def test_r6_only_final_records_expire() -> None:
    _is_needed_and_kept("open records expire", "does not expire", "is lost", "given to a person")


def test_r7_children_are_functions_of_content() -> None:
    _is_needed_and_kept("children are new each time", *DOUBLED)


def test_r8_acknowledged_only_when_on_record() -> None:
    _is_needed_and_kept("acknowledged though not on record", "orphan", "vanished", "is lost")
