"""What may differ between two dispensers or two ways of wiring one."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Options(BaseModel):
    """Pins are BCM numbers. Times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    motor_pin: int = Field(default=17, ge=0, le=27)
    notch_pin: int = Field(default=27, ge=0, le=27)
    low_pin: int | None = Field(default=None, ge=0, le=27)
    """A switch that tells that the stack is nearly used up; None: there is none."""
    motor_active_high: bool = True
    notch_active_low: bool = True
    """True: our pull-up, the dispenser's open collector (or an optocoupler) pulls low."""
    low_active_low: bool = True
    period: float = Field(default=0.12, ge=0.06, le=0.4)
    """One ticket's time, until the dispenser itself has shown a better figure."""
    filter: float = Field(default=0.003, ge=0.0005, le=0.02)
    """A level that lasts less than this is a glitch."""
    empty_after: float = Field(default=0.25, ge=0.1, le=2.0)
    """An endless notch: no ticket is in the optic."""
    jam_after: float = Field(default=0.95, ge=0.3, le=5.0)
    """No edge for this long, or for five tickets' time if that is longer: nothing moves. Below 1 s, so that the motor
    is off within a second of a jam."""
    retries: int = Field(default=2, ge=0, le=5)
    rest: float = Field(default=0.3, ge=0.1, le=5.0)
    """Pause of the motor before it tries again."""
    over_run_watch: float = Field(default=0.15, ge=0.05, le=1.0)

    @model_validator(mode="after")
    def _pins_differ(self) -> "Options":
        pins = [pin for pin in (self.motor_pin, self.notch_pin, self.low_pin) if pin is not None]
        if len(set(pins)) != len(pins):
            raise ValueError("motor_pin, notch_pin and low_pin must be different pins")
        return self
