"""What differs between receipt printers, for those that python-escpos 3.1 does not know.

Each is the library's TM-T20II with other paper, fonts and code pages; `name` is registered as a profile of the library.
"""

from dataclasses import dataclass
from typing import Any, Literal

from escpos import capabilities

Name = Literal["tm-t20ii", "tm-t82x", "tm-t88vi", "custom-kpm"]

LATIN = {"CP437": "0", "CP1252": "16", "CP858": "19"}
"""Practically every ESC/POS printer has these, by the number that ESC t takes."""
DIACRITICS = {"CP852": "18", "CP1250": "45", "CP1254": "48", "CP1257": "51"}
"""Central European, Turkish and Baltic letters: names of residents who came from there. Epson's own table."""


@dataclass(frozen=True, slots=True)
class Model:
    """`width_dots` x any length; `columns` of font A, 12 dots each."""

    name: str
    width_dots: int
    columns: int
    code_pages: tuple[tuple[str, str], ...]
    presenter: bool = False
    """A slip is held at the mouth after the cut: GS e, and DLE EOT 20 (Custom KPM210/216 and KPM300 manuals)."""


_EPSON = tuple((LATIN | DIACRITICS).items())

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("tm-t20ii", 576, 48, _EPSON),
        Model("tm-t82x", 576, 48, _EPSON),
        Model("tm-t88vi", 512, 42, _EPSON),
        # VKP80III expected alike, unproven. Only the pages that its makers' manuals have in common.
        Model("custom-kpm", 576, 48, tuple(LATIN.items()), presenter=True),
    )
}


def _registered() -> None:
    """Makes the models known to python-escpos, as profiles of these names."""
    profiles: dict[str, Any] = capabilities.CAPABILITIES["profiles"]
    base = profiles["TM-T20II"]
    for model in MODELS.values():
        media = {**base["media"], "width": {"pixels": model.width_dots, "mm": model.width_dots // 8}}
        fonts = {**base["fonts"], "0": {**base["fonts"]["0"], "columns": model.columns}}
        profiles[model.name] = {**base, "name": model.name, "media": media, "fonts": fonts}


_registered()
