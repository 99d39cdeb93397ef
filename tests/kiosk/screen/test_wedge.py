"""The slip scanner types; the screen reads lines."""

from kiosk.screen.wedge import Wedge

SLIP = "ANJ1-0123456789ABCDEF"


def read(wedge: Wedge, text: str, *, at: float = 0.0, gap: float = 0.002) -> list[str]:
    lines = [wedge.feed(character, at + place * gap) for place, character in enumerate(text)]
    return [line for line in lines if line is not None]


def test_a_scan_is_one_line() -> None:
    assert read(Wedge(), SLIP + "\r\n") == [SLIP]


def test_ten_thousand_characters_are_not_kept_but_are_seen_as_too_long() -> None:
    (line,) = read(Wedge(), "A" * 10_000 + "\n")
    assert len(line) == 65


def test_a_key_hit_by_chance_does_not_spoil_the_next_scan() -> None:
    wedge = Wedge()
    wedge.feed("q", 1.0)
    assert read(wedge, SLIP + "\n", at=3.0) == [SLIP]
