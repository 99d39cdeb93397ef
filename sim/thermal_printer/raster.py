"""Bit images to dots. Ink is 255; rows run down the paper."""

from PIL import Image, ImageOps


def rows(data: bytes, width_bytes: int, height: int) -> Image.Image:
    """Rows of bytes, the top bit leftmost, 1 = ink (GS v 0, GS ( L function 112)."""
    return Image.frombytes("1", (width_bytes * 8, height), data).convert("L")


def columns(data: bytes, column_bytes: int) -> Image.Image:
    """Columns of `column_bytes` bytes, the top bit uppermost, 1 = ink (ESC *)."""
    lying = Image.frombytes("1", (column_bytes * 8, len(data) // column_bytes), data).convert("L")
    return lying.transpose(Image.Transpose.TRANSPOSE)


def enlarged(image: Image.Image, wide: int, high: int) -> Image.Image:
    """Each dot `wide` x `high` dots large."""
    if (wide, high) == (1, 1):
        return image
    return image.resize((image.width * wide, image.height * high), Image.Resampling.NEAREST)


def inverted(image: Image.Image) -> Image.Image:
    return ImageOps.invert(image)


class Graphics:
    """GS ( L and GS 8 L: a picture is stored, then printed by another command (functions 112 and 50)."""

    def __init__(self) -> None:
        self._stored: Image.Image | None = None

    def obey(self, body: bytes) -> Image.Image | None:
        """`body` begins with m and fn. A picture if this is the command to print it; else None."""
        if len(body) < 2 or body[0] != 48:
            return None
        match body[1]:
            case 112:
                self._store(body[2:])
            case 50 | 2:
                printed, self._stored = self._stored, None
                return printed
        return None

    def _store(self, data: bytes) -> None:
        if len(data) < 8:
            return
        wide, high = data[1], data[2]
        width, height = data[4] | data[5] << 8, data[6] | data[7] << 8
        width_bytes = (width + 7) // 8
        if not (width and height and wide in (1, 2) and high in (1, 2)) or len(data) - 8 != width_bytes * height:
            return
        picture = rows(data[8:], width_bytes, height).crop((0, 0, width, height))
        self._stored = enlarged(picture, wide, high)
