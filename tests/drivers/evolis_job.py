"""A print job read back for tests, by the description of the format alone: no code of the driver or the simulator.

One loop over dots, no imaging library: slow and plain, so that it can be checked by reading.
"""

from dataclasses import dataclass, field

BITS = {b"2": 1, b"32": 5, b"64": 6, b"128": 7, b"256": 8}
WIDTH, HEIGHT = 1016, 648
LINE = 81


def commands(job: bytes) -> list[tuple[str, bytes]]:
    """The job's commands as (text, panel bytes), compressed panels decompressed. AssertionError where the framing is
    not ESC ... CR NUL."""
    found = []
    at = 0
    while at < len(job):
        assert job[at] == 0x1B, f"no ESC at {at}"
        at += 1
        panel = b""
        if job[at : at + 2] == b"Db":
            fields = job[at : at + 32].split(b";")
            start = at + sum(len(field) + 1 for field in fields[:3])
            text = job[at:start]
            if fields[0] == b"Dbc":
                panel, at = lines(job, start)
                assert job[at : at + 1] == b";", "compressed lines end with a semicolon"
                at += 1
            else:
                panel = job[start : start + WIDTH * HEIGHT * BITS[fields[2]] // 8]
                at = start + len(panel)
        else:
            end = job.index(b"\r", at)
            text, at = job[at:end], end
        assert job[at : at + 2] == b"\r\x00", f"{text!r} does not end with CR NUL"
        at += 2
        found.append((text.decode("ascii"), panel))
    return found


def lines(job: bytes, at: int) -> tuple[bytes, int]:
    """1016 lines: 00 is white, FF is black, else a count and as many bytes, the rest of the line white."""
    out = b""
    for _ in range(WIDTH):
        count = job[at]
        at += 1
        if count == 0xFF:
            out += b"\xff" * LINE
        else:
            assert count <= LINE
            out += job[at : at + count] + b"\x00" * (LINE - count)
            at += count
    return out, at


@dataclass
class Job:
    """A whole job: what is set before, and the panels of each side in the order in which they came."""

    settings: list[str] = field(default_factory=list)
    front: dict[str, bytes] = field(default_factory=dict)
    back: dict[str, bytes] = field(default_factory=dict)


def parsed(job: bytes) -> Job:
    """AssertionError unless it is settings, Ss, Sr, panels, perhaps Sv and panels, Se, and nothing else."""
    found = Job()
    everything = iter(commands(job))
    for text, _ in everything:
        if text == "Ss":
            break
        found.settings.append(text)
    side: dict[str, bytes] | None = None
    ended = False
    for text, panel in everything:
        assert not ended, f"{text} after the end"
        if text == "Sr":
            assert side is None, "Sr comes first and once"
            side = found.front
        elif text == "Sv":
            assert side is found.front, "the back comes after the front"
            side = found.back
        elif text == "Se":
            ended = True
        else:
            assert side is not None, f"{text} before a side was named"
            assert panel, f"{text} has no place between Ss and Se"
            assert text not in side, f"{text} twice"
            side[text] = panel
    assert ended, "the job has no end"
    return found


def ink(panel: bytes, x: int, y: int) -> int:
    """0..255 at the card's dot (x, y): line x of 648 dots, dot 647 - y."""
    return panel[x * HEIGHT + (HEIGHT - 1 - y)]


def step(panel: bytes, bits: int, x: int, y: int) -> int:
    """The level at (x, y) of a packed panel: dots of `bits` bits one after another, most significant bit first."""
    first = (x * HEIGHT + (HEIGHT - 1 - y)) * bits
    return sum((panel[at // 8] >> (7 - at % 8) & 1) << (first + bits - 1 - at) for at in range(first, first + bits))


def black(panel: bytes, x: int, y: int) -> bool:
    """Line x of 81 bytes, most significant bit first."""
    dot = HEIGHT - 1 - y
    return bool(panel[x * LINE + dot // 8] >> (7 - dot % 8) & 1)
