"""What may differ between two dispensers. Times in seconds."""

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    answer_timeout: float = Field(default=1.0, ge=0.2, le=10)
    """How long ACK or a response may take before the dispenser counts as silent. The manual gives no time; a response
    of 8 characters takes 8 ms."""
    ticket_timeout: float = Field(default=10.0, ge=1, le=60)
    """How long one ticket may be on its way."""
    settle_timeout: float = Field(default=15.0, ge=1, le=120)
    """How long a dispenser may move by itself (it makes a card ready after each one) before an act is refused."""
    poll_interval: float = Field(default=0.2, ge=0.02, le=2)
