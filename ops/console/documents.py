"""The project's own documents as pages, so that the runbook is one click away."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: how problems and alarms name a section: "Runbook: Backlog", or its address elsewhere
SECTION = re.compile(r"Runbook: (?:docs/runbook\.md#)?([A-Za-z]+)\b(?![:/])")

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(name: str) -> tuple[str, Markup] | None:
    """A document's title and text; None if there is none of that name."""
    path = (DOCS / name).resolve()
    if not path.is_relative_to(DOCS) or path.suffix != ".md" or not path.is_file():
        return None
    tokens = _markdown.parse(path.read_text("utf-8"))
    title = name
    for token, inner in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(inner.content))
            title = inner.content if token.tag == "h1" else title
    # The documents are the project's own; HTML in them is shown as text.
    return title, Markup(_markdown.renderer.render(tokens, _markdown.options, {}))


def anchor(heading: str) -> str:
    """A heading's anchor in links, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@cache
def _sections() -> Mapping[str, str]:
    """The runbook's headings by their anchors."""
    tokens = _markdown.parse((DOCS / "runbook.md").read_text("utf-8"))
    said = [b.content for a, b in pairwise(tokens) if a.type == "heading_open"]
    return {anchor(heading): heading for heading in said}


def linked(sentence: str) -> Markup:
    """A sentence with a link to its section of the runbook; the rest of it is plain text."""
    found = SECTION.search(sentence)
    heading = _sections().get(found[1].lower()) if found else None
    if found is None or heading is None:
        return _spoken(sentence)
    before, after = sentence[: found.start()], sentence[found.end() :]
    link = Markup('<a href="/docs/runbook.md#{}">Runbook: {}</a>')
    return _spoken(before) + link.format(found[1].lower(), heading) + _spoken(after)


def _spoken(text: str) -> Markup:
    """Text with its commands marked as such."""
    parts = (
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)
