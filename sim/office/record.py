"""What happened on a simulated day: a line per event, counts of everything, and one digest over it all."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    at: float
    """Seconds since opening."""
    who: str
    """`resident 17`, `kioskd`, `power`, `link`, `staff`, `card_printer`, ..."""
    what: str


@dataclass
class DayRecord:
    seed: int
    day: int
    lines: list[Line] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wait_of: dict[str, float] = field(default_factory=dict)
    """Seconds from each resident's arrival until his turn at the kiosk."""
    violations: list[str] = field(default_factory=list)
    audit_head: str = ""
    stock: list[tuple[float, int]] = field(default_factory=list)
    """Blanks in the hopper, whenever it changed."""
    closed: float = 0.0

    def note(self, at: float, who: str, what: str) -> None:
        self.lines.append(Line(round(at, 3), who, what))

    @property
    def waits(self) -> list[float]:
        return list(self.wait_of.values())

    @property
    def digest(self) -> str:
        """SHA-256 over every line and the head of the audit chain."""
        text = "\n".join(f"{line.at:.3f}\t{line.who}\t{line.what}" for line in self.lines)
        return hashlib.sha256(f"{self.seed}/{self.day}\n{text}\n{self.audit_head}".encode()).hexdigest()
