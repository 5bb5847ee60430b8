"""Charts as inline SVG: no script, no file beside the page; each with a title and a description that says what it shows.

Evidence is a shape as well as a colour, and every number of a chart stands in a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from wres.board_pack.sentences import Kind

WIDTH = 760
_TICKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16)
_TICK_NAMES = ("1⁄16", "⅛", "¼", "½", "1", "2", "4", "8", "16")


@dataclass(frozen=True)
class Mark:
    """A line of a chart of ratios.

    Attributes:
        label: what it is.
        ratio, low, high: the ratio and its 95% interval; None where there is none.
        kind: what the interval says.
        peers: middle of the peers.
        note: what is said in place of a ratio.
        expected: lower and upper 95% and 99.8% limits of the funnel, in a chart of the funnel.
    """

    label: str
    ratio: float | None
    low: float | None
    high: float | None
    kind: Kind
    peers: float | None = None
    note: str = ""
    expected: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Column:
    """A column of the pipeline: a pay band, its people, and its shares in percent; without shares, why there are none."""

    label: str
    people: str
    white_pct: float | None
    unknown_pct: float | None
    bme_pct: float | None
    note: str = ""


@dataclass(frozen=True)
class _Scale:
    """A logarithmic axis from ``low`` to ``high``, drawn between two places."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return self.start + (self.end - self.start) * math.log(inside / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[tuple[str, float]]:
        return [
            (name, self.at(value))
            for name, value in zip(_TICK_NAMES, _TICKS, strict=True)
            if self.low <= value <= self.high
        ]

    @classmethod
    def of(cls, values: Sequence[float | None], start: float, end: float) -> _Scale:
        """An axis that holds the values, a quarter to four at least a half to two, at most a sixteenth to sixteen."""
        known = [value for value in values if value]
        low = max(min([0.5, *known]), _TICKS[0])
        high = min(max([2.0, *known]), _TICKS[-1])
        return cls(low * 0.92, high * 1.08, start, end)


def _picture(name: str, width: float, height: float, title: str, description: str, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - every text in the parts was escaped where it was put there
        f'<svg role="img" viewBox="0 0 {width:g} {height:g}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _rectangle(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" class="{kind}"/>'


def shape(kind: Kind, x: float, y: float, size: float = 6) -> str:
    """Worse is a triangle that points up, better one that points down, no clear difference a ring, the rest a cross."""
    if kind in ("worse", "better"):
        up = -1 if kind == "worse" else 1
        tip, foot = y + up * size * 1.1, y - up * size * 0.9
        return (
            f'<path d="M{x:.1f} {tip:.1f}L{x + size:.1f} {foot:.1f}L{x - size:.1f} {foot:.1f}Z" class="mark {kind}"/>'
        )
    if kind == "unclear":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size * 0.85:.1f}" class="mark {kind}"/>'
    reach = size * 0.75
    return (
        f'<path d="M{x - reach:.1f} {y - reach:.1f}L{x + reach:.1f} {y + reach:.1f}'
        f'M{x - reach:.1f} {y + reach:.1f}L{x + reach:.1f} {y - reach:.1f}" class="mark few"/>'
    )


def symbol(kind: Kind) -> Markup:
    """The shape of a verdict for a table; what it means stands in words beside it."""
    drawn = "" if kind == "none" else shape(kind, 8, 8, 6)
    return Markup(f'<svg class="symbol" viewBox="0 0 16 16" aria-hidden="true">{drawn}</svg>')  # noqa: S704 - our own


def ratios(name: str, title: str, description: str, marks: Sequence[Mark], ends: tuple[str, str]) -> Markup:
    """Ratios with their intervals on a logarithmic scale, and the line at 1.

    Args:
        name: prefix of the ids, once on a page.
        title: name of the chart.
        description: what it shows, in words.
        marks: the lines, from the top.
        ends: what lies to the left and to the right of 1.
    """
    left, right, row, top = 262, 570, 34, 44
    values = [value for mark in marks for value in (mark.ratio, mark.low, mark.high, *(mark.expected or ()))]
    scale = _Scale.of(values, left, right)
    bottom = top + row * len(marks)
    parts = [
        _text(scale.at(1) - 8, 16, f"← {ends[0]}", "small", "end"),
        _text(scale.at(1) + 8, 16, f"{ends[1]} →", "small"),
        *(_line(x, top - 8, x, bottom, "parity" if label == "1" else "grid") for label, x in scale.ticks()),
        *(_text(x, top - 14, label, "small", "middle") for label, x in scale.ticks()),
    ]
    for number, mark in enumerate(marks):
        y = top + row * (number + 0.5)
        parts.append(_text(0, y + 5, mark.label))
        if mark.expected:
            low_95, high_95, low_998, high_998 = mark.expected
            parts += [
                _rectangle(scale.at(low_998), y - 9, scale.at(high_998) - scale.at(low_998), 18, "far"),
                _rectangle(scale.at(low_95), y - 9, scale.at(high_95) - scale.at(low_95), 18, "near"),
            ]
        if mark.low and mark.high:
            parts.append(_line(scale.at(mark.low), y, scale.at(mark.high), y, f"interval {mark.kind}"))
            parts += [
                _text(scale.at(limit), y + 5, arrow, "small", "middle")
                for limit, arrow, outside in (
                    (mark.low, "◂", mark.low < scale.low),
                    (mark.high, "▸", mark.high > scale.high),
                )
                if outside
            ]
        if mark.peers:
            parts.append(_line(scale.at(mark.peers), y - 11, scale.at(mark.peers), y + 11, "peers"))
        if mark.ratio:
            parts.append(shape(mark.kind, scale.at(mark.ratio), y))
        parts.append(_text(right + 12, y + 5, mark.note, "" if mark.ratio else "quiet"))
    return _picture(name, WIDTH, bottom + 6, title, description, parts)


def pipeline(name: str, title: str, description: str, columns: Sequence[Column], workforce_pct: float | None) -> Markup:
    """The bands from left to right, each as a column of shares: BME at the bottom, unknown, White; a line for the workforce."""
    left, top, height, foot = 44, 14, 250, 46
    step = (WIDTH - left) / max(len(columns), 1)
    wide = step * 0.74
    parts, labels = [], []
    for tick in (0, 25, 50, 75, 100):
        y = top + height * (1 - tick / 100)
        parts += [_line(left, y, WIDTH, y, "grid"), _text(left - 6, y + 4, f"{tick}%", "small", "end")]
    for number, column in enumerate(columns):
        x = left + step * number + (step - wide) / 2
        middle = x + wide / 2
        floor = float(top + height)
        if column.bme_pct is None or column.white_pct is None:
            parts.append(_rectangle(x, top, wide, height, "hidden"))
            labels.append(_text(middle, top + height / 2, column.note, "small on-nothing", "middle"))
        else:
            for share, kind in (
                (column.bme_pct, "bme"),
                (column.unknown_pct or 0, "unknown"),
                (column.white_pct, "white"),
            ):
                parts.append(_rectangle(x, floor - height * share / 100, wide, height * share / 100, kind))
                floor -= height * share / 100
            inside = column.bme_pct >= 9
            y = (
                top
                + height * (1 - column.bme_pct / 100)
                + (15 if inside else -6 - height * (column.unknown_pct or 0) / 100)
            )
            labels.append(_text(middle, y, f"{column.bme_pct:.1f}%", "on-bme" if inside else "on-white", "middle"))
        parts += [
            _text(middle, top + height + 18, column.label, "", "middle"),
            _text(middle, top + height + 36, column.people, "small", "middle"),
        ]
    if workforce_pct is not None:
        y = top + height * (1 - workforce_pct / 100)
        parts.append(_line(left, y, WIDTH, y, "workforce"))
    # Last, each in a halo of its column's colour: the line ends where a number stands.
    return _picture(name, WIDTH, top + height + foot, title, description, parts + labels)


def trend(
    name: str, title: str, description: str, years: Sequence[tuple[int, Mark | None]], bounds: tuple[float, float]
) -> Markup:
    """Ratios of some years with their intervals, on a logarithmic scale that several charts share."""
    width, height, left, right, top, bottom = 240, 150, 30, 230, 16, 122
    scale = _Scale.of(bounds, bottom, top)
    parts = []
    for label, y in scale.ticks():
        parts += [
            _line(left, y, right, y, "parity" if label == "1" else "grid"),
            _text(left - 6, y + 4, label, "small", "end"),
        ]
    step = (right - left) / len(years)
    places = [(left + step * (number + 0.5), mark) for number, (_, mark) in enumerate(years)]
    points = [f"{x:.1f},{scale.at(mark.ratio):.1f}" for x, mark in places if mark and mark.ratio]
    if len(points) > 1:
        parts.append(f'<polyline points="{" ".join(points)}" class="path"/>')
    for (year, _), (x, mark) in zip(years, places, strict=True):
        parts.append(_text(x, height - 8, str(year), "small", "middle"))
        if mark is None or not mark.ratio:
            continue
        if mark.low and mark.high:
            parts.append(_line(x, scale.at(mark.low), x, scale.at(mark.high), f"interval {mark.kind}"))
        parts.append(shape(mark.kind, x, scale.at(mark.ratio), 5))
        parts.append(_text(x + 8, scale.at(mark.ratio) - 6, f"{mark.ratio:.2f}", "small"))
    return _picture(name, width, height, title, description, parts)
