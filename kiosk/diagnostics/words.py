"""What the console writes: `OK ...`, `ERROR <code> "text"`, `# trace`; one per line, ASCII, and nothing personal."""

import re

WIDTH = 400
"""A longer text is cut, so that one bad log line cannot flood a terminal."""

_PERSONAL = re.compile(r"[0-9]{14,}|ANJ1-[0-9A-Z]+", re.IGNORECASE)


def plain(text: object) -> str:
    """Printable ASCII, at most WIDTH characters. Long digit runs (a NIK, a family-card number) and pick-up codes become
    `***`: kioskd logs none, and a fault there must not show here."""
    shown = _PERSONAL.sub("***", str(text))
    shown = "".join(char if " " <= char <= "~" else "?" for char in shown)
    return shown if len(shown) <= WIDTH else shown[: WIDTH - 3] + "..."


def ok(text: object = "") -> str:
    return f"OK {plain(text)}".rstrip()


def error(code: str, text: object) -> str:
    quoted = plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'ERROR {code} "{quoted}"'


def trace(text: object = "") -> str:
    return f"# {plain(text)}".rstrip()
