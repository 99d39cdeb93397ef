"""Card faces as a PDF: one page of card size for each, the picture without loss.

Pillow's own PDF writer knows only JPEG for colour pictures, which turns pure black into nearly black, and a printer's
driver would no longer find the text for its black panel. Layout: ISO 32000-1, 7.5 (file structure) and 8.9.5 (images).
"""

import zlib
from collections.abc import Sequence

from PIL.Image import Image

from drivers.contract.card_printer import FACE_SIZE

POINTS = (243.84, 155.52)
"""1016 x 648 dots at 300 dpi, in points of 1/72 inch."""


def document(faces: Sequence[Image]) -> bytes:
    """`faces`, each 1016x648 RGB, as the pages of one file."""
    width, height = FACE_SIZE
    pages = " ".join(f"{3 + 3 * page} 0 R" for page in range(len(faces)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{pages}] /Count {len(faces)} /MediaBox [0 0 {POINTS[0]} {POINTS[1]}] >>".encode(),
    ]
    draw = f"q {POINTS[0]} 0 0 {POINTS[1]} 0 0 cm /Face Do Q".encode()
    for page, face in enumerate(faces):
        first = 3 + 3 * page
        resources = f"<< /XObject << /Face {first + 2} 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {first + 1} 0 R /Resources {resources} >>".encode())
        objects.append(_stream("", draw))
        kind = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB"
        objects.append(_stream(f"{kind} /BitsPerComponent 8 /Filter /FlateDecode ", zlib.compress(face.tobytes(), 1)))
    return _file(objects)


def _stream(entries: str, data: bytes) -> bytes:
    return f"<< {entries}/Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    out += (head + table + tail).encode()
    return bytes(out)
