"""Portraits and signatures of people who do not exist, drawn by Pillow: flat, friendly, and marked SPECIMEN.

The background is red for an odd year of birth and blue for an even one, as on real cards.
"""

import io
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (480, 600)
"""Pixels of a portrait, 4:5; about 20 kB as JPEG."""
_SCALE = 2
_RED = ((196, 44, 48), (150, 24, 34))
_BLUE = ((58, 118, 190), (30, 74, 140))

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks. Colours are RGB; `hair` one of short, long, veil, cap, bald."""

    skin: Colour
    hair: str
    hair_colour: Colour
    clothes: Colour
    glasses: bool = False
    moustache: bool = False
    birth_year: int = 1990


def _shade(colour: Colour, by: float) -> Colour:
    red, green, blue = (max(0, min(255, round(part * by))) for part in colour)
    return red, green, blue


def _background(width: int, height: int, odd: bool) -> Image.Image:
    top, bottom = _RED if odd else _BLUE
    column = Image.new("RGB", (1, height))
    for y in range(height):
        share = y / height
        column.putpixel((0, y), tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)))
    return column.resize((width, height), Image.Resampling.NEAREST)  # only wider: nothing to be smoothed


def _oval(draw: ImageDraw.ImageDraw, x: float, y: float, *radii: float, fill: Colour) -> None:
    rx, ry = radii
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)


def _hair_behind(draw: ImageDraw.ImageDraw, look: Look) -> None:
    if look.hair == "long":
        _oval(draw, 480, 470, 235, 265, fill=look.hair_colour)
        draw.rounded_rectangle((245, 460, 715, 860), 90, fill=look.hair_colour)
    elif look.hair == "veil":
        _oval(draw, 480, 480, 265, 310, fill=look.hair_colour)
        draw.polygon([(225, 520), (735, 520), (850, 1010), (110, 1010)], fill=look.hair_colour)


def _body(draw: ImageDraw.ImageDraw, look: Look) -> None:
    if look.hair != "veil":
        draw.rounded_rectangle((395, 690, 565, 930), 60, fill=_shade(look.skin, 0.86))
    draw.rounded_rectangle((80, 880, 880, 1500), 210, fill=look.clothes)
    dark = _shade(look.clothes, 0.78)
    if look.hair == "veil":
        draw.polygon([(235, 780), (725, 780), (800, 1000), (480, 1110), (160, 1000)], fill=look.hair_colour)
        for x in (330, 480, 630):
            draw.line((x, 850, 480 + (x - 480) * 0.5, 1060), fill=_shade(look.hair_colour, 0.85), width=8)
        return
    draw.polygon([(375, 880), (480, 1060), (585, 880)], fill=_shade(look.skin, 0.92))
    draw.polygon([(375, 868), (330, 930), (430, 1040), (480, 985)], fill=dark)
    draw.polygon([(585, 868), (630, 930), (530, 1040), (480, 985)], fill=dark)
    draw.line((480, 1050, 480, 1200), fill=dark, width=8)


def _face(draw: ImageDraw.ImageDraw, look: Look) -> None:
    skin, shadow = look.skin, _shade(look.skin, 0.86)
    brow = (58, 40, 32) if look.hair == "veil" else _shade(look.hair_colour, 0.8)
    if look.hair != "veil":
        _oval(draw, 302, 530, 34, 52, fill=shadow)
        _oval(draw, 658, 530, 34, 52, fill=shadow)
    draw.rounded_rectangle((305, 300, 655, 770), 172, fill=skin)
    for x in (405, 555):
        draw.arc((x - 48, 434, x + 48, 500), 205, 335, fill=brow, width=13)
        _oval(draw, x, 515, 34, 21, fill=(250, 250, 248))
        _oval(draw, x, 515, 18, 20, fill=(48, 32, 24))
        _oval(draw, x + 6, 508, 5, 5, fill=(255, 255, 255))
        _oval(draw, x + (-42 if x < 480 else 42), 610, 34, 22, fill=_shade(skin, 1.06))
    draw.line([(484, 520), (462, 605), (494, 612)], fill=shadow, width=10, joint="curve")
    draw.chord((410, 625, 550, 708), 15, 165, fill=(168, 76, 72))
    if look.moustache:
        draw.chord((400, 618, 560, 690), 180, 360, fill=look.hair_colour)
    if look.glasses:
        for x in (405, 555):
            draw.rounded_rectangle((x - 64, 468, x + 64, 562), 36, outline=(40, 40, 46), width=9)
        draw.line((469, 508, 491, 508), fill=(40, 40, 46), width=9)


def _hair_before(draw: ImageDraw.ImageDraw, look: Look) -> None:
    colour = look.hair_colour
    if look.hair in ("short", "long"):
        draw.chord((285, 215, 675, 660), 190, 350, fill=colour)
        draw.polygon([(305, 398), (400, 380), (560, 392), (655, 398), (652, 440), (600, 405), (330, 430)], fill=colour)
    elif look.hair == "bald":
        draw.chord((296, 380, 344, 560), 90, 270, fill=colour)
        draw.chord((616, 380, 664, 560), 270, 90, fill=colour)
    elif look.hair == "cap":
        draw.polygon([(290, 420), (318, 235), (642, 235), (670, 420)], fill=colour)
        draw.rounded_rectangle((290, 360, 670, 425), 14, fill=_shade(colour, 1.35))
    elif look.hair == "veil":
        draw.arc((248, 242, 712, 836), 0, 360, fill=colour, width=70)


def portrait(look: Look) -> bytes:
    """A portrait as JPEG, `SIZE` pixels, below 30 kB."""
    wide, high = SIZE[0] * _SCALE, SIZE[1] * _SCALE
    picture = _background(wide, high, look.birth_year % 2 == 1)
    draw = ImageDraw.Draw(picture)
    _hair_behind(draw, look)
    _body(draw, look)
    _face(draw, look)
    _hair_before(draw, look)
    draw.text((wide / 2, high - 62), "SPECIMEN", font=ImageFont.load_default(size=88), fill="white", anchor="mm",
              stroke_width=5, stroke_fill=(40, 40, 46))  # fmt: skip
    small = picture.resize(SIZE, Image.Resampling.LANCZOS).filter(ImageFilter.SHARPEN)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def signature(name: str) -> bytes:
    """A scribble that differs from name to name, black on white, 400x160 PNG."""
    random_ = random.Random(f"signature of {name}")
    picture = Image.new("L", (1600, 640), 255)
    draw = ImageDraw.Draw(picture)
    loops = random_.randrange(5, 8)
    lean, phase = random_.uniform(0.2, 0.5), random_.uniform(0, math.tau)
    heights = [random_.uniform(60, 190) for _ in range(loops + 1)]
    points = []
    for step in range(loops * 40 + 1):
        turn = step / 40
        tall = heights[int(turn)] * (1 - (turn % 1)) + heights[min(int(turn) + 1, loops)] * (turn % 1)
        x = 180 + turn * 1150 / loops + 80 * math.cos(turn * math.tau + phase)
        y = 330 - tall * math.sin(turn * math.tau + phase)
        points.append((x + (330 - y) * lean, y))
    draw.line(points, fill=0, width=15, joint="curve")
    draw.line([(170, 520), (820, 480), (1480, 500)], fill=0, width=12, joint="curve")
    out = io.BytesIO()
    picture.resize((400, 160), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()
