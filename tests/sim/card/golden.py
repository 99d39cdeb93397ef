"""The published vectors of tests/golden/smartcard."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "golden" / "smartcard"


def vectors(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)
