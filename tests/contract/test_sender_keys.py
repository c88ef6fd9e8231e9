"""What the webhook relies on in its senders' keys, in every world that offers them."""

from tests.contract.worlds import World

KEYS = {"shop": "s" * 64, "bank": "b" * 64}


def test_a_sender_has_the_key_that_is_stored_for_it_and_no_other(world: World) -> None:
    keys = world.sender_keys(KEYS)

    assert list(keys.of("shop", fresh=False)) == ["s" * 64]
    assert list(keys.of("bank", fresh=False)) == ["b" * 64]


def test_an_unknown_sender_has_none_however_freshly_it_is_looked_up(world: World) -> None:
    keys = world.sender_keys(KEYS)

    assert list(keys.of("stranger", fresh=False)) == []
    assert list(keys.of("stranger", fresh=True)) == []


def test_a_fresh_look_finds_the_same_keys(world: World) -> None:
    keys = world.sender_keys(KEYS)

    assert list(keys.of("shop", fresh=False)) == list(keys.of("shop", fresh=True))
