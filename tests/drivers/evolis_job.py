"""A print job read back for tests, by the description of the format alone: no code of the driver or the simulator.

One loop over dots, no imaging library: slow and plain, so that it can be checked by reading.
"""

SIZES = {b"256": 658_368, b"2": 82_296}
WIDTH, HEIGHT = 1016, 648


def commands(job: bytes) -> list[tuple[str, bytes]]:
    """The job's commands as (text, panel bytes). AssertionError where the framing is not ESC ... CR NUL."""
    found = []
    at = 0
    while at < len(job):
        assert job[at] == 0x1B, f"no ESC at {at}"
        at += 1
        panel = b""
        if job[at : at + 3] == b"Db;":
            fields = job[at : at + 32].split(b";")
            start = at + sum(len(field) + 1 for field in fields[:3])
            panel = job[start : start + SIZES[fields[2]]]
            text, at = job[at:start], start + len(panel)
        else:
            end = job.index(b"\r", at)
            text, at = job[at:end], end
        assert job[at : at + 2] == b"\r\x00", f"{text!r} does not end with CR NUL"
        at += 2
        found.append((text.decode("ascii"), panel))
    return found


def ink(panel: bytes, x: int, y: int) -> int:
    """0..255 at the card's dot (x, y): line x of 648 dots, dot 647 - y."""
    return panel[x * HEIGHT + (HEIGHT - 1 - y)]


def black(panel: bytes, x: int, y: int) -> bool:
    """Line x of 81 bytes, most significant bit first."""
    dot = HEIGHT - 1 - y
    return bool(panel[x * 81 + dot // 8] >> (7 - dot % 8) & 1)
