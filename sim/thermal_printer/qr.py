"""QR codes that the printer draws itself: GS ( k with cn = 49 (Epson ESC/POS reference, functions 165 to 181)."""

import segno
from PIL import Image

from sim.thermal_printer.raster import enlarged

_LEVELS = {48: "l", 49: "m", 50: "q", 51: "h"}


class QrCodes:
    """Remembers module size, error level and the stored data between the commands that set them."""

    def __init__(self) -> None:
        self.module = 3
        self.level = "l"
        self.data = b""

    def obey(self, body: bytes) -> tuple[Image.Image, str] | None:
        """`body` begins with cn and fn. The symbol, without quiet zone, and its text, if the command is to print."""
        if len(body) < 2 or body[0] != 49:
            return None
        match body[1], body[2:]:
            case 67, rest if len(rest) == 1 and 1 <= rest[0] <= 16:
                self.module = rest[0]
            case 69, rest if len(rest) == 1 and rest[0] in _LEVELS:
                self.level = _LEVELS[rest[0]]
            case 80, rest if len(rest) > 1:
                self.data = rest[1:]
            case 81, _ if self.data:
                return self._drawn()
        return None

    def _drawn(self) -> tuple[Image.Image, str] | None:
        try:
            # Readers take any mask; mask 0, a chequerboard, leaves few large areas and needs no search.
            code = segno.make_qr(self.data, error=self.level, boost_error=False, mask=0)
        except ValueError:
            return None  # more than a code can hold prints nothing, as on the machine
        bits = bytes(255 if dark else 0 for row in code.matrix for dark in row)
        side = len(code.matrix)
        text = self.data.decode("utf-8", errors="replace")
        return enlarged(Image.frombytes("L", (side, side), bits), self.module, self.module), text
