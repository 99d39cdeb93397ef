"""Colours through an ICC profile of the printer, for those who have measured one. Off unless a profile names it.

The path is the plain one of every colour-managed program: artwork is sRGB; the intent is perceptual, because a card is
mostly a portrait; the profile's CMYK (or CMY) numbers are the ink. A CMYK profile's black is folded back into the three
colours (c + k, at most full), because the black panel of a card ribbon is resin: it has no shades and would show as
torn edges. Pure black never comes here; it has its own panel. Pillow's ImageCms (Little CMS 2) does the sums.
"""

from collections.abc import Iterator
from functools import lru_cache

from PIL import Image, ImageChops, ImageCms

from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause

_MODES = {"CMYK": "CMYK", "RGB": "RGB"}
"""Colour spaces of the output we can take; a device that calls itself RGB is driven by complements of its numbers."""


def through_profile(face: Image.Image, path: str) -> Iterator[tuple[str, Image.Image]]:
    """(`y`, `m`, `c`) each with its amount of ink, 0 to 255. DeviceError INVALID_DATA if the profile is of no use."""
    transform, mode = _transform(path)
    through = ImageCms.applyTransform(face, transform)
    if through is None:
        raise _useless(path, "gives no picture")
    bands = through.split()
    for name, channel in (("y", 2), ("m", 1), ("c", 0)):
        yield name, ImageChops.add(bands[channel], bands[3]) if mode == "CMYK" else ImageChops.invert(bands[channel])


def usable(path: str) -> None:
    """DeviceError INVALID_DATA if there is no ICC profile at `path` through which colours could go."""
    _transform(path)


@lru_cache(maxsize=2)
def _transform(path: str) -> tuple[ImageCms.ImageCmsTransform, str]:
    try:
        printer = ImageCms.getOpenProfile(path)
        space = printer.profile.xcolor_space.strip()
        if space not in _MODES:
            raise _useless(path, f"its colours are {space}; CMYK or RGB is needed")
        mode = _MODES[space]
        source = ImageCms.createProfile("sRGB")
        made = ImageCms.buildTransform(source, printer, "RGB", mode, ImageCms.Intent.PERCEPTUAL)
    except (OSError, ImageCms.PyCMSError) as error:
        raise _useless(path, str(error)) from error
    return made, mode


def _useless(path: str, why: str) -> DeviceError:
    return DeviceError(
        DeviceCause.HARDWARE,
        f"colour_profile {path}: {why}; give an ICC output profile of the printer, or leave the option out",
        completion=Completion.INVALID_DATA,
    )
