"""The module's own idea of a finger: which way the ridges run, block by block. Its character files hold this.

Real modules keep their makers' secret minutiae files. This one is honest in another way: a file is computed from the
pixels in the image buffer and from nothing else, and two files are compared by laying one over the other in every
shift and turn. Coarse, and no claim of accuracy: of the specimens in sim/data/fingers through a 256x288 sensor, 12 of
15 genuine pairs score 72 or more (lowest 52), none of 90 impostor pairs more than 60.
Shares no code with kiosk.biometrics, which decides about cards.
"""

from typing import Final

import numpy as np
import scipy  # its parts load when they are first used, and most kiosks match on the host
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK: Final = 12
"""Side of a block in pixels."""
GRID: Final = 16
"""Blocks per side; the middle GRID x GRID blocks of the image are kept."""
MAGIC: Final = b"SIM1"
FILE_BYTES: Final = 256
"""Bytes of one character file (ZFM manual); MAGIC, 6 bits per block, zeros."""
STEPS: Final = 63
"""Directions told apart over half a turn. 0 means that there is no ridge in this block."""
LEAST_BLOCKS: Final = 24
"""Blocks with ridges that a usable touch has, at least."""
TURNS: Final = range(-24, 25, 4)
"""Degrees by which a finger may be turned between two touches."""
SHIFT: Final = 4
"""Blocks by which it may be shifted."""
MATCH: Final = 65
"""Score from which two touches count as one finger; 0..100."""


def character_file(pixels: Floats) -> bytes | None:
    """The file of one image (rows x columns, 0 = ridge, 255 = ground); None if there are too few ridges in it."""
    smooth = scipy.ndimage.gaussian_filter(pixels, 1.5)
    across, down = np.gradient(smooth, axis=1), np.gradient(smooth, axis=0)
    tensor = [scipy.ndimage.gaussian_filter(part, BLOCK * 0.7) for part in (across**2, down**2, across * down)]
    xx, yy, xy = (_middle(part) for part in tensor)
    energy = xx + yy
    clear = np.hypot(xx - yy, 2 * xy) > 0.4 * np.maximum(energy, 1e-9)
    ridged = clear & (energy > 60.0)
    if np.count_nonzero(ridged) < LEAST_BLOCKS:
        return None
    along = (np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2) % np.pi
    codes = np.where(ridged, 1 + np.floor(along / np.pi * STEPS).astype(np.int64) % STEPS, 0)
    bits = (codes.reshape(-1, 1) >> np.arange(5, -1, -1)) & 1
    return (MAGIC + np.packbits(bits.astype(np.uint8).ravel()).tobytes()).ljust(FILE_BYTES, b"\0")


def alike(one: bytes, other: bytes) -> int:
    """0..100, the best over all shifts and turns; 0 if either is no file of this module."""
    first, second = _read(one), _read(other)
    if first is None or second is None:
        return 0
    return max(_over(first, _turned(second, degrees)) for degrees in TURNS)


def _middle(part: Floats) -> Floats:
    """Values at the centres of the middle GRID x GRID blocks; 0 outside the image."""
    rows, columns = part.shape
    offsets = (np.arange(GRID) - (GRID - 1) / 2) * BLOCK
    y, x = np.meshgrid(offsets + rows / 2, offsets + columns / 2, indexing="ij")
    return np.asarray(scipy.ndimage.map_coordinates(part, [y, x], order=1, cval=0.0), np.float64)


def _read(file: bytes) -> NDArray[np.complex128] | None:
    """Doubled directions as unit vectors, 0 where there is no ridge."""
    size = GRID * GRID * 6 // 8
    if not file.startswith(MAGIC) or len(file) < len(MAGIC) + size:
        return None
    bits = np.unpackbits(np.frombuffer(file[len(MAGIC) : len(MAGIC) + size], np.uint8)).reshape(-1, 6)
    codes = bits @ (1 << np.arange(5, -1, -1))
    doubled = np.exp(2j * np.pi * (codes - 0.5) / STEPS)
    return np.where(codes > 0, doubled, 0).reshape(GRID, GRID)


def _turned(field: NDArray[np.complex128], degrees: int) -> NDArray[np.complex128]:
    """The field as it would be with the finger turned counter-clockwise as seen."""
    grid = [scipy.ndimage.rotate(part, degrees, reshape=False, order=1, cval=0.0) for part in (field.real, field.imag)]
    turned = (grid[0] + 1j * grid[1]) * np.exp(-2j * np.deg2rad(degrees))
    size = np.abs(turned)
    return np.where(size > 0.5, turned / np.maximum(size, 1e-9), 0)


def _over(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> int:
    """The best agreement over all shifts."""
    padded = np.pad(one, SHIFT)
    best = 0.0
    for down in range(2 * SHIFT + 1):
        for across in range(2 * SHIFT + 1):
            window = padded[down : down + GRID, across : across + GRID]
            both = (window != 0) & (other != 0)
            common = int(np.count_nonzero(both))
            if common < LEAST_BLOCKS * 2:
                continue
            apart = np.abs(np.angle(window[both] * np.conj(other[both]))) / 2
            best = max(best, float(np.mean(apart < np.deg2rad(6))))
    return round(100 * best)
