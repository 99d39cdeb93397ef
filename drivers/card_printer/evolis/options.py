"""What a profile may set for an Evolis printer. Everything has a default; every number has bounds."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Tray = Literal["D", "M", "R", "N", "I", "K", "L"]
"""The letters `Pcem` takes (A: seen in the maker's own traffic; their meanings are unpublished)."""
InputTray = Literal["F", "M", "C", "I", "B", "N", "R"]
"""The letters `Pcim` takes. In the order of the maker's public header: feeder, manual, manual on command, bezel, both,
no feeder, rear. "Both" takes a card from the feeder if none is in the bezel."""
Ribbon = Literal["ymcko", "half-ymcko", "ymckok", "k", "ko"]
"""`ymckok` has a second black panel for the back; the colour panels of `half-ymcko` are half a card long."""


class Options(BaseModel):
    """Times in seconds. What is marked unproven has been tried against the simulator only, never on hardware."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer_timeout: float = Field(default=3.0, ge=0.2, le=30)
    """How long one short answer may take before the printer counts as silent."""
    feed_timeout: float = Field(default=20.0, ge=1, le=120)
    move_timeout: float = Field(default=15.0, ge=1, le=120)
    """Present, retract and reject, each."""
    print_timeout: float = Field(default=90.0, ge=5, le=600)
    """For each side."""
    clean_timeout: float = Field(default=300.0, ge=10, le=1800)
    reset_timeout: float = Field(default=60.0, ge=1, le=300)
    poll_interval: float = Field(default=0.25, ge=0.02, le=5)
    """Between two looks at the sensors while an act is under way; twice as long while a side is printed."""

    input_tray: InputTray = "F"
    """Where `feed` takes blanks from."""
    bezel_tray: InputTray = "I"
    """Unproven. The `Pcim` letter with which `Si` takes a card back from the exit and from nowhere else."""
    hold_tray: Tray = "N"
    """Unproven. The `Pcem` letter with which the printer keeps the card inside after `Se`. The driver looks afterwards
    and reports an UNKNOWN outcome if the card has left."""
    no_eject: bool = False
    """Unproven. Also send `Pneab;E` before a print, with which programs of other kiosks keep the card inside. A printer
    that does not know it refuses it, and nothing is printed."""
    exit_tray: Tray = "D"
    """Unproven. The `Pcem` letter with which `Sce` puts the card out where a person can take it. A printer with a
    bezel may want another letter than D."""
    reject_with: Literal["Ser", "Seb"] = "Ser"
    """`Ser` rejects at the output, `Seb` under the feeder (guide A5013)."""
    feeder_bit: Literal["path", "stock"] = "path"
    """Unproven. What INFO 20000000 "card in the feeder" means: a card in the path (the careful reading: a card there is
    never overlooked), or just blanks in stock. If a printer with an empty path reports a card inside, set `stock`."""

    ribbon: Ribbon = "ymcko"
    ribbon_code: str | None = Field(default=None, pattern=r"^([0-9]{1,3}|[a-z]{1,8})$")
    """`Pr;x`: what the ribbon is called on the wire. Empty: 0 for ymcko, 100 for k (A), else the text code of the guide
    (`ymckok`, `ko`); half-ymcko has none that is published and goes as 0, unproven."""
    half_begins: int = Field(default=508, ge=0, le=508)
    """half-ymcko: the dot column, from the left of the artwork, at which the half colour panel begins; 508 columns."""
    colour_bits: Literal[5, 6, 7, 8] = 8
    """Bits per dot of the colour panels. Heads of old models take 5, 6 or 7, packed; every current one takes 8."""
    compressed: bool = False
    """Send the black and varnish panels as `Dbc`, line by line without their white ends: smaller, on slow links."""
    black: Literal["pure", "dark", "none"] = "pure"
    """What goes to the black panel of a colour ribbon: pure black dots (text, QR), all dots of which red, green and
    blue are at most `black_below`, or nothing."""
    black_below: int = Field(default=48, ge=0, le=254)
    mono: Literal["threshold", "dither"] = "threshold"
    """How a black ribbon shows colours: dark dots black, or error diffusion (Floyd and Steinberg)."""
    varnish: Literal["full", "contacts", "none"] = "full"
    """The O panel: all ones (the maker's FULLVARNISH), with a hole for chip contacts on the front, or not sent."""
    colour_profile: str | None = Field(default=None, max_length=4096)
    """Path of an ICC profile of the printer (class `prtr`, CMYK or CMY output). Empty: plain complements, exact and
    fast. With it colours go from sRGB through the profile; pure black stays on the black panel."""

    fed_counter: str = Field(default="card", pattern=r"^[A-Za-z]{1,8}$")
    """`Rco;x`: the counter of cards taken from the hopper. Unproven: the answer's layout is unpublished; a plain
    decimal number is understood, anything else means "the printer does not say"."""
