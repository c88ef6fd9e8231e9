"""The README's pictures are up to date: a page that has changed since is noticed."""

import re
from pathlib import Path

import pytest

from tests.pictures import PICTURES, mark_of, marked, shots, status_svg

README = Path(__file__).resolve().parent.parent / "README.md"
#: a README is read over slow lines, too
BYTES_MAX = 200_000
REMEDY = "the page has changed since: python -m tests.pictures"


@pytest.mark.parametrize("name", shots())
def test_a_picture_shows_the_current_page(name: str) -> None:
    png = (PICTURES / name).read_bytes()

    assert mark_of(png) == shots()[name].mark, f"docs/pictures/{name}: {REMEDY}"
    assert len(png) < BYTES_MAX


def test_the_status_is_printed_as_in_the_picture() -> None:
    assert (PICTURES / "status.svg").read_text("utf-8") == status_svg(), REMEDY


def test_a_changed_page_would_be_noticed() -> None:
    one, other = (shot.mark for shot in list(shots().values())[:2])

    assert mark_of(marked(b"\x89PNG" + b"." * 40, one)) == one != other
    assert mark_of(b"\x89PNG") == b""


def test_the_readme_shows_every_picture_and_says_what_it_is() -> None:
    shown = re.findall(r"!\[([^\]]+)\]\(docs/pictures/([\w.]+)\)", README.read_text("utf-8"))

    assert sorted(name for _, name in shown) == sorted(path.name for path in PICTURES.iterdir())
    assert all(len(said) > 20 for said, _ in shown)
