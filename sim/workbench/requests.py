"""What the page, the demo and tests may ask of the workbench."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.centre.registry import Kind, Outage
from sim.workbench.bench import Mode


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Touch(_Request):
    """A point in fractions of the screen, or the id of an action that the screen offers."""

    x: float | None = Field(default=None, ge=0, le=1)
    y: float | None = Field(default=None, ge=0, le=1)
    action: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _either(self) -> Self:
        point = (self.x is not None, self.y is not None)
        if any(point) == (self.action is not None) or any(point) != all(point):
            raise ValueError("give either x and y, or action")
        return self


class Text(_Request):
    """What the slip scanner types."""

    text: str = Field(max_length=20_000)


class Slip(_Request):
    """Whose slip is held before the scanner."""

    person: str


class Finger(_Request):
    """A finger of a person (his own, or with `right` false somebody else's), one by name, or none: lifted."""

    person: str | None = None
    right: bool = True
    finger: str | None = None
    none: bool = False
    impression: int = Field(default=2, ge=1, le=8)
    hold: float | None = Field(default=None, gt=0, le=600)
    """Seconds until it is lifted; None leaves it on the glass."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.person is not None) + (self.finger is not None) + self.none != 1:
            raise ValueError("give one of person, finger, none")
        return self


class Blanks(_Request):
    number: int = Field(ge=1, le=500)


class Counter(_Request):
    """The service whose counter is free."""

    service: str = Field(max_length=40, pattern=r"^[a-z0-9-]+$")


class FaultSwitch(_Request):
    device: str
    name: str
    mode: Mode


class OutageSwitch(_Request):
    outage: Outage


class ApprovalSwitch(_Request):
    person: str
    kind: Kind


class ServiceSwitch(_Request):
    service: str = Field(max_length=40)
    authorised: bool


class Power(_Request):
    """`device` is a device's name or `all`: the whole kiosk, with kioskd and the screen."""

    device: str
    seconds: float = Field(default=2.0, ge=0, le=60)


class Kill(_Request):
    program: Literal["kioskd", "screen"]
