"""What a profile may set for a printer behind CUPS. Everything has a default; every number has bounds."""

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: str = Field(default="card", pattern=r"^[A-Za-z0-9_.-]{1,127}$")
    """The name that `lpstat -e` shows."""
    user: str = Field(default="kiosk", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """Owner of the jobs; CUPS lets only the owner cancel one."""
    media: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,127}$")
    """The card's media name if the queue's default is not it, such as `custom_id1_85.6x53.98mm`."""
    answer_timeout: float = Field(default=10.0, ge=0.2, le=60)
    """How long CUPS may take for one answer."""
    print_timeout: float = Field(default=120.0, ge=5, le=900)
    """How long a job may take before it is cancelled."""
    poll_interval: float = Field(default=1.0, ge=0.02, le=10)
