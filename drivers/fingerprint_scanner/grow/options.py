"""What a profile can set for this driver."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers.fingerprint_scanner.grow.packets import DEFAULT_ADDRESS


class Model(StrEnum):
    ZFM20 = "zfm20"
    """ZFM-20, R303 to R307, AS608, FPM10A: optical, 256x288 at 500 dpi, no ring of light."""
    R503 = "r503"
    """R503: capacitive, 192x192 at 508 dpi unless ReadProdInfo says otherwise, ring of light."""


class Options(BaseModel):
    """`width`, `height`, `dpi` override what the model or the module says (pixels, dots per inch). Times in s."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Model = Model.ZFM20
    width: int | None = Field(default=None, ge=16, le=1024, multiple_of=2)
    height: int | None = Field(default=None, ge=16, le=1024)
    dpi: int | None = Field(default=None, ge=250, le=1000)
    address: int = Field(default=DEFAULT_ADDRESS, ge=0, le=0xFFFFFFFF)
    password: int = Field(default=0, ge=0, le=0xFFFFFFFF, repr=False)
    answer_timeout: float = Field(default=3.0, ge=0.2, le=10)
    """The module looks at its sensor for up to about a second before it answers."""
    upload_timeout: float = Field(default=15.0, ge=1, le=60)
    """One image takes 7 s at 57600 baud (36,864 bytes)."""
    packet_size: Literal[32, 64, 128, 256] = 256
    """Bytes of an image in one packet, which the module is told when it is first met and keeps without power."""
    poll_interval: float = Field(default=0.2, ge=0.02, le=1)
    """Between two looks at the sensor while waiting for a finger."""
