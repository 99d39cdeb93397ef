"""What a card looks like once ribbon panels have been put on it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sim.card_printer.language import DOTS, LINES

_BITS = {2: 1, 32: 5, 64: 6, 128: 7, 256: 8}


def dots(panel: bytes, levels: int) -> NDArray[np.uint8]:
    """The amount of ink, 0..255, per dot of the card: 648 rows from the top by 1016 columns from the left.

    The stream has 1016 lines (card x) of 648 dots, the first dot of a line at the card's lower edge.
    """
    bits = _BITS[levels]
    raw = np.frombuffer(panel, dtype=np.uint8)
    if bits == 8:
        ink = raw
    else:
        weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint16)
        steps = np.unpackbits(raw)[: LINES * DOTS * bits].reshape(-1, bits) @ weights
        ink = (steps * 255 // (levels - 1 if bits > 1 else 1)).astype(np.uint8)
    stream: NDArray[np.uint8] = ink.reshape(LINES, DOTS)
    return np.ascontiguousarray(stream[:, ::-1].T)


def picture(panels: Mapping[str, tuple[bytes, int]]) -> Image.Image:
    """The front, 1016x648 RGB, under the panels `y`, `m`, `c`, `k`, each as bytes and levels; a missing one is no ink.

    Ink takes its complement from white; the black panel covers all. Varnish does not show.
    """
    rgb = np.full((DOTS, LINES, 3), 255, dtype=np.uint8)
    for channel, colour in enumerate("cmy"):
        if colour in panels:
            rgb[:, :, channel] -= dots(*panels[colour])
    if "k" in panels:
        rgb[dots(*panels["k"]) > 127] = 0
    return Image.fromarray(rgb)
