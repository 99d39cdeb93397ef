"""Bytes written by hand from the manual; `golden` reads them."""

import re
from pathlib import Path


def golden(name: str) -> bytes:
    """The bytes of `name`.txt."""
    out = bytearray()
    for line in (Path(__file__).parent / f"{name}.txt").read_text(encoding="ascii").splitlines():
        for quoted, byte, comment in re.findall(r'"([^"]*)"|\b([0-9a-f]{2})\b|(#.*)', line):
            if comment:
                break
            out += quoted.encode("ascii") if quoted else bytes.fromhex(byte)
    return bytes(out)
