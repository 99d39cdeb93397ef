"""A simulated day as a picture: one row per device over time, with arrivals, waits, cuts and blanks above each other.

Plain SVG in one HTML file, no script: it opens anywhere and shows a figure under the pointer (SVG's own titles).
"""

import html
from collections.abc import Callable, Iterator, Sequence

from sim.office.record import DayRecord, Line

WIDTH, LEFT, ROW, GAP = 1400, 170, 30, 8
HOUR = 3600.0
OPENS = 8
"""The clock's hour at opening."""
BIN = 600.0
"""Seconds for which arrivals are counted together."""
DEVICES = ("card_printer", "card_encoder", "thermal_printer", "ticket_dispenser", "fingerprint_scanner")
RED, GREEN, BLUE, GREY, ORANGE, BLACK = "#c62828", "#2e7d32", "#1565c0", "#b0b0b0", "#ef6c00", "#222"

_STYLE = (
    "body{font:14px sans-serif;margin:24px;color:#222}h2{margin:28px 0 2px}p{margin:2px 0 8px;color:#555}"
    "text{font:12px sans-serif}.key span{margin-right:18px}.key i{display:inline-block;width:11px;height:11px;"
    "margin-right:5px;vertical-align:-1px}"
)
_KEY = (
    (GREEN, "card taken, kioskd at work"),
    (BLUE, "at work: slip printed, number given"),
    (ORANGE, "fault, outage, card scrapped or taken back"),
    (RED, "power or kioskd away, violation"),
    (GREY, "arrivals and blanks"),
)


def page(records: Sequence[DayRecord]) -> str:
    """Every day below the other."""
    key = "".join(f'<span><i style="background:{colour}"></i>{text}</span>' for colour, text in _KEY)
    days = "\n".join(_day(record) for record in records)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated office days</title>'
        f'<style>{_STYLE}</style><h1>Simulated office days (SPECIMEN)</h1><p class="key">{key}</p>{days}</html>\n'
    )


def _day(record: DayRecord) -> str:
    counts = record.counts
    longest = max(record.waits, default=0.0) / 60
    words = (
        f"{len(record.waits)} residents, {counts['left with card']} cards, {counts['left with number']} numbers, "
        f"{counts['power cut']} power cuts, {counts['kioskd killed']} kills of kioskd; longest wait {longest:.0f} min; "
        f"{len(record.violations)} violations; digest {record.digest[:16]}"
    )
    rows: list[tuple[str, Callable[[_Sheet], Iterator[str]]]] = [
        ("arrivals / 10 min", lambda sheet: _arrivals(sheet, record)),
        ("waits (min)", lambda sheet: _waits(sheet, record)),
        ("power, kioskd", lambda sheet: _spans(sheet, record, ("power", "kioskd"), "starts", "ends", RED, GREEN)),
        ("link to centre", lambda sheet: _spans(sheet, record, ("link",), "up", "down", ORANGE, GREEN)),
        *((name.replace("_", " "), _device(name, record)) for name in DEVICES),
        ("cards", lambda sheet: _cards(sheet, record)),
        ("blanks in hopper", lambda sheet: _stock(sheet, record)),
    ]
    end = max(record.closed, 8 * HOUR)
    body = []
    for number, (name, draw) in enumerate(rows):
        sheet = _Sheet(number * (ROW + GAP) + 20, end)
        body.append(f'<text x="0" y="{sheet.top + ROW / 2 + 4:.0f}">{name}</text>')
        body.append(_box(sheet, 0, end, "#f4f4f4", ""))
        body += draw(sheet)
    height = len(rows) * (ROW + GAP) + 40
    hours = [_Sheet(0, end).hour(n) for n in range(int(end / HOUR) + 1)]
    found = "".join(f'<p style="color:{RED}">{html.escape(one)}</p>' for one in record.violations)
    picture = f'<svg width="{WIDTH + 40}" height="{height}">{"".join(hours)}{"".join(body)}</svg>'
    return f"<h2>Seed {record.seed}, day {record.day}</h2><p>{html.escape(words)}</p>{found}{picture}"


class _Sheet:
    """One row's place: seconds to pixels."""

    def __init__(self, top: float, end: float) -> None:
        self.top = top
        self._end = end

    def x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT) * min(at, self._end) / self._end

    def hour(self, number: int) -> str:
        return f'<text x="{self.x(number * HOUR):.1f}" y="12" fill="#777">{OPENS + number:02d}:00</text>'


def _box(sheet: _Sheet, start: float, end: float, colour: str, title: str, low: float = 0.0, high: float = 1.0) -> str:
    left, width = sheet.x(start), max(sheet.x(end) - sheet.x(start), 1.6)
    top, height = sheet.top + ROW * (1 - high), ROW * (high - low)
    tip = f"<title>{html.escape(title)}</title>" if title else ""
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">{tip}</rect>'


def _words(sheet: _Sheet, at: float, text: str) -> str:
    """A word beside what happened, readable without a pointer."""
    return f'<text x="{sheet.x(at) + 4:.1f}" y="{sheet.top + 11:.1f}" fill="{ORANGE}">{html.escape(text)}</text>'


def _most(sheet: _Sheet, text: str) -> str:
    """What the full height of a row means."""
    return f'<text x="{LEFT - 6}" y="{sheet.top + 11:.1f}" fill="#777" text-anchor="end">{text}</text>'


def _clock(at: float) -> str:
    minutes = int(at // 60) + OPENS * 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _arrivals(sheet: _Sheet, record: DayRecord) -> Iterator[str]:
    bins: dict[int, int] = {}
    for line in record.lines:
        if line.what == "arrives":
            bins[int(line.at // BIN)] = bins.get(int(line.at // BIN), 0) + 1
    most = max(bins.values(), default=1)
    yield _most(sheet, str(most))
    for number, count in bins.items():
        start = number * BIN
        yield _box(sheet, start, start + BIN * 0.92, GREY, f"{_clock(start)}: {count} arrive", high=count / most)


def _waits(sheet: _Sheet, record: DayRecord) -> Iterator[str]:
    longest = max(record.waits, default=0.0) or 1.0
    yield _most(sheet, f"{longest / 60:.0f}")
    arrivals = [line for line in record.lines if line.what == "arrives"]
    for line in arrivals:
        wait = record.wait_of.get(line.who, 0.0)
        share = wait / longest
        tip = f"{line.who}, {_clock(line.at)}: {wait / 60:.1f} min"
        yield _box(sheet, line.at, line.at, BLUE, tip, max(share - 0.12, 0), max(share, 0.12))


def _spans(
    sheet: _Sheet, record: DayRecord, who: tuple[str, ...], back: str, gone: str, away: str, here: str
) -> Iterator[str]:
    """Coloured `here` while it works, `away` from the line that ends with or begins with `gone` to the one with
    `back`."""
    since, well, why = 0.0, False, ""
    for line in (line for line in record.lines if line.who in who):
        ended, began = gone in line.what.split(" "), line.what == back
        if well and ended:
            yield _box(sheet, since, line.at, here, "", 0.3, 0.7)
            since, well, why = line.at, False, f"{_clock(line.at)} {line.who} {line.what}"
        elif began and not well:
            if why:
                yield _box(sheet, since, line.at, away, why)
                if len(why.split()) > 2 and away == ORANGE:
                    yield _words(sheet, since, why.split(" ", 2)[2])
            elif since < line.at:
                yield _box(sheet, since, line.at, here, "", 0.3, 0.7)
            since, well = line.at, True
        elif ended and not why:
            yield _box(sheet, since, line.at, here, "", 0.3, 0.7)
            since, why = line.at, f"{_clock(line.at)} {line.who} {line.what}"
    yield _box(sheet, since, record.closed, here if well or not why else away, why, 0.3, 0.7)


def _device(name: str, record: DayRecord) -> Callable[[_Sheet], Iterator[str]]:
    def draw(sheet: _Sheet) -> Iterator[str]:
        for line in record.lines:
            work = _work(name, line)
            if work is not None:
                yield _box(sheet, line.at, line.at, *work)
        wrong: Line | None = None
        for line in (line for line in record.lines if line.who == name):
            if line.what == "well" and wrong is not None:
                yield _box(sheet, wrong.at, line.at, ORANGE, f"{_clock(wrong.at)} {wrong.what}", 0.0, 0.35)
                wrong = None
            elif line.what != "well":
                wrong = line
                yield _box(sheet, line.at, line.at, ORANGE, f"{_clock(line.at)} {line.what}")
                yield _words(sheet, line.at, line.what)

    return draw


def _work(name: str, line: Line) -> tuple[str, str, float, float] | None:
    """Colour, title and height of the mark that this line leaves in the row of that device."""
    tip = f"{_clock(line.at)} {line.what}"
    if line.who == "card" and name == "card_printer" and "card-printed" in line.what:
        return BLUE, tip, 0.3, 1.0
    if line.who == "card" and name == "card_encoder" and line.what.endswith("contactless"):
        return BLUE, tip, 0.3, 1.0
    if line.who == "paper" and (line.what, name) in (("slip", "thermal_printer"), ("ticket", "ticket_dispenser")):
        return BLUE, tip, 0.3, 1.0
    if name == "fingerprint_scanner" and line.who == "glass":
        return BLUE, tip, 0.3, 1.0
    return None


def _cards(sheet: _Sheet, record: DayRecord) -> Iterator[str]:
    for line in record.lines:
        if line.who == "card" and line.what.endswith((" hand", " reject")):
            colour = GREEN if line.what.endswith(" hand") else ORANGE
            yield _box(sheet, line.at, line.at, colour, f"{_clock(line.at)} {line.what}")


def _stock(sheet: _Sheet, record: DayRecord) -> Iterator[str]:
    most = max((count for _, count in record.stock), default=1) or 1
    yield _most(sheet, str(most))
    ends = [*(at for at, _ in record.stock[1:]), record.closed]
    for (at, count), end in zip(record.stock, ends, strict=True):
        yield _box(sheet, at, end, GREY, f"{_clock(at)}: {count} blanks", high=count / most)
