"""Charts as SVG text. Colours are CSS variables, so that they adapt to a light or dark page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

#: a chart is drawn twice, for wide and narrow pages: scaling it down would shrink its text
WIDTHS = {"wide": 960, "narrow": 360}
HEIGHT = 220
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 26
TICKS = 4

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """A line, or bars; `colour` is the name of a CSS variable."""

    name: str
    colour: str
    points: Points


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps values to positions in the picture."""

    width: float
    x_max: float
    y_max: float

    def x(self, value: float) -> float:
        return LEFT + (self.width - LEFT - RIGHT) * value / self.x_max

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, self.y_max) / self.y_max


def both(draw: str, label: str) -> str:
    """Wraps a pair of drawings; the page shows one of them."""
    return f'<div class="chart" role="img" aria-label="{escape(label)}">{draw}</div>'


def lines(
    label: str, series: Sequence[Series], *, x_max: float, ceiling: float | None, area: bool
) -> str:
    """Lines over seconds; `ceiling` is drawn dashed, with its value."""
    top = max([ceiling or 0, *(y for one in series for _, y in one.points)], default=1)
    drawn = ""
    for kind, width in WIDTHS.items():
        frame = Frame(width, max(x_max, 1), scale(top))
        marks = "".join(_line(one, frame, area=area) for one in series)
        drawn += _picture(kind, frame, marks + _ceiling(ceiling, frame))
    return both(drawn, label)


def bars(label: str, stacks: Sequence[Series], *, x_max: float) -> str:
    """Stacked bars, one for each whole second."""
    totals: dict[float, float] = {}
    for one in stacks:
        for x, y in one.points:
            totals[x] = totals.get(x, 0) + y
    drawn = ""
    for kind, width in WIDTHS.items():
        # A bar spans its second: the last one ends with the axis.
        frame = Frame(
            width, max(x_max, 1, *(x + 1 for x in totals)), scale(max([1, *totals.values()]))
        )
        drawn += _picture(kind, frame, _bars(stacks, frame))
    return both(drawn, label)


def nice(value: float) -> float:
    """The smallest round number that is not less; at least 1."""
    if value <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def scale(highest: float) -> float:
    """The top of an axis: a little above the highest value, with whole numbers for its ticks."""
    return TICKS * nice(highest * 1.08 / TICKS)


def _picture(kind: str, frame: Frame, marks: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {frame.width:.0f} {HEIGHT}" aria-hidden="true">'
        f"{_grid(frame)}{marks}</svg>"
    )


def _grid(frame: Frame) -> str:
    parts = []
    for step in range(TICKS + 1):
        value = frame.y_max * step / TICKS
        y = frame.y(value)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{frame.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>'
        )
    count = 8 if frame.width > 500 else 4
    step_s = max(1.0, nice(frame.x_max / count))
    for number in range(int(frame.x_max // step_s) + 1):
        value = number * step_s
        parts.append(
            f'<text x="{frame.x(value):.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
            f"{_number(value)} s</text>"
        )
    return "".join(parts)


def _line(series: Series, frame: Frame, *, area: bool) -> str:
    if not series.points:
        return ""
    path = " L".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in series.points)
    colour = f"var(--{series.colour})"
    title = f"<title>{escape(series.name)}</title>"
    line = f'<path class="line" style="stroke:{colour}" d="M{path}">{title}</path>'
    if not area:
        return line
    first, last = series.points[0][0], series.points[-1][0]
    foot = f"L{frame.x(last):.1f},{frame.y(0):.1f} L{frame.x(first):.1f},{frame.y(0):.1f} Z"
    return f'<path class="area" style="fill:{colour}" d="M{path} {foot}"/>{line}'


def _ceiling(ceiling: float | None, frame: Frame) -> str:
    if ceiling is None:
        return ""
    y = frame.y(ceiling)
    return (
        f'<line class="ceiling" x1="{LEFT}" x2="{frame.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="ceiling" x="{frame.width - RIGHT}" y="{y + 16:.1f}" text-anchor="end">'
        f"{_number(ceiling)} permitted</text>"
    )


def _bars(stacks: Sequence[Series], frame: Frame) -> str:
    width = max(1.5, (frame.x(1) - frame.x(0)) - 1.5)
    base: dict[float, float] = {}
    parts = []
    for one in stacks:
        for x, y in one.points:
            low = base.get(x, 0.0)
            base[x] = low + y
            top, height = frame.y(low + y), frame.y(low) - frame.y(low + y)
            parts.append(
                f'<rect style="fill:var(--{one.colour})" x="{frame.x(x):.1f}" y="{top:.1f}" '
                f'width="{width:.1f}" height="{max(0.5, height):.1f}" rx="1">'
                f"<title>{y:.0f} {escape(one.name)} in second {x:.0f}</title></rect>"
            )
    return "".join(parts)


def _number(value: float) -> str:
    return (
        f"{value:,.0f}".replace(",", " ") if value >= 10 or value == int(value) else f"{value:.1f}"
    )


def share_bar(parts: Mapping[str, tuple[int, str]]) -> str:
    """One bar divided into shares: name -> (count, colour)."""
    total = sum(count for count, _ in parts.values()) or 1
    return "".join(
        f'<span style="flex:{count / total:.5f};background:var(--{colour})" '
        f'title="{escape(name)}: {count}"></span>'
        for name, (count, colour) in parts.items()
        if count
    )
