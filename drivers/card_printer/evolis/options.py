"""What a profile may set for an Evolis printer. Everything has a default; every number has bounds."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Tray = Literal["D", "M", "R", "N", "I", "K", "L"]
"""The letters `Pcem` takes (A: seen in the maker's own traffic; their meanings are unpublished)."""


class Options(BaseModel):
    """Times in seconds. What is marked unproven has been tried against the simulator only, never on hardware."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer_timeout: float = Field(default=3.0, ge=0.2, le=30)
    """How long one short answer may take before the printer counts as silent."""
    feed_timeout: float = Field(default=20.0, ge=1, le=120)
    move_timeout: float = Field(default=15.0, ge=1, le=120)
    """Present, retract and reject, each."""
    print_timeout: float = Field(default=90.0, ge=5, le=600)
    poll_interval: float = Field(default=0.25, ge=0.02, le=5)
    """Between two looks at the sensors while an act is under way."""
    hold_tray: Tray = "N"
    """Unproven. The `Pcem` letter with which the printer keeps the card inside after `Se`. The driver looks afterwards
    and reports an UNKNOWN outcome if the card has left."""
    exit_tray: Tray = "D"
    """Unproven. The `Pcem` letter with which `Sce` puts the card out where a person can take it. A printer with a
    bezel may want another letter than D."""
    reject_with: Literal["Ser", "Seb"] = "Ser"
    """`Ser` rejects at the output, `Seb` under the feeder (guide A5013)."""
    feeder_bit: Literal["path", "stock"] = "path"
    """Unproven. What INFO 20000000 "card in the feeder" means: a card in the path (the careful reading: a card there is
    never overlooked), or just blanks in stock. If a printer with an empty path reports a card inside, set `stock`."""
    ribbon: str = Field(default="0", pattern=r"^[0-9]{1,3}$")
    """`Pr;n;t`: 0 is YMCKO, 100 black (A)."""
    varnish: bool = True
    """Send the O panel, all ones (the maker's FULLVARNISH)."""
    fed_counter: str = Field(default="card", pattern=r"^[A-Za-z]{1,8}$")
    """`Rco;x`: the counter of cards taken from the hopper. Unproven: the answer's layout is unpublished; a plain
    decimal number is understood, anything else means "the printer does not say"."""
