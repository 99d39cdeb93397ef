"""The curve of detection errors (DET) as a picture: FNMR over FMR, both logarithmic, 0.01 % to 100 %."""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kiosk.biometrics.protocol import Report

SIDE: Final = 720
MARGIN: Final = 84
DECADES: Final = 4
MARKS: Final = ("0.01 %", "0.1 %", "1 %", "10 %", "100 %")


def draw(report: Report) -> Image.Image:
    """SIDE x SIDE pixels; the line of equal errors is dotted, the points of the report are marked."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(16)
    low, high = MARGIN, SIDE - MARGIN
    for mark, text in enumerate(MARKS):
        at = low + (high - low) * mark / DECADES
        pen.line((at, low, at, high), "#cccccc")
        pen.line((low, SIDE - at, high, SIDE - at), "#cccccc")
        pen.text((at, high + 8), text, "black", font, "ma")
        pen.text((low - 8, SIDE - at), text, "black", font, "rm")
    for step in range(0, high - low, 8):
        pen.point((low + step, high - step), "#666666")
    pen.rectangle((low, low, high, high), outline="black")
    genuine, impostor = np.sort(report.scores.genuine), np.sort(report.scores.impostor)
    thresholds = np.unique(np.concatenate((genuine, impostor)))
    fnmr = np.searchsorted(genuine, thresholds) / genuine.size
    fmr = 1 - np.searchsorted(impostor, thresholds) / impostor.size
    pen.line([_at(x, y) for x, y in zip(fmr, fnmr, strict=True)], "#0b5394", 3)
    pooled = report.pooled
    for rate, error in ((pooled.eer, pooled.eer), (0.01, pooled.fnmr_1.fnmr), (0.001, pooled.fnmr_01.fnmr)):
        x, y = _at(rate, error)
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), outline="#cc0000", width=2)
        pen.text((x + 10, y - 8), f"{error:.2%}", "#cc0000", font, "ls")
    title = f"{pooled.genuine:,} genuine, {pooled.impostor:,} impostor pairs"
    pen.text((SIDE / 2, MARGIN / 2), title, "black", font, "mm")
    pen.text((SIDE / 2, SIDE - 24), "false matches (FMR)", "black", font, "mm")
    pen.text((12, MARGIN - 24), "false non-matches (FNMR)", "black", font, "lm")
    return picture


def _at(fmr: float, fnmr: float) -> tuple[float, float]:
    def along(rate: float) -> float:
        return float(np.clip(np.log10(max(rate, 1e-9)) + DECADES, 0, DECADES)) / DECADES * (SIDE - 2 * MARGIN)

    return MARGIN + along(fmr), SIDE - MARGIN - along(fnmr)
