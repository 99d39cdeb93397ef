"""What a profile can set for this driver."""

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Times in s."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    simulator: bool = False
    """Takes libfprint's virtual readers for real. Anybody who can write to their socket can lay down a finger: a
    production profile refuses it."""
    dpi: int = Field(default=500, ge=250, le=1000)
    """Resolution of a reader that does not tell its own to libfprint."""
    answer_timeout: float = Field(default=5.0, ge=0.5, le=30)
    """Finding and opening a reader on USB takes up to about two seconds."""
    lift_timeout: float = Field(default=5.0, ge=0.5, le=30)
    """libfprint gives an image when the finger has left the glass; so long a finger may stay after the time is up."""
