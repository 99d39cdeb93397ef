"""The printed front of the card: 1016x648 dots, RGB, at 300 dpi (ISO/IEC 7810 ID-1).

What stands where is in the template, `face.toml`; here is how it is drawn.
Fields: UU 24/2013 article 64. Province and regency head the card; address has RT/RW, village and district. The state's
emblem and map are not drawn: they belong on real documents, and this program makes specimens. The chip of a KTP-el is
contactless and inside the body, so no part of the face is kept free for it.
"""

import io
from functools import cache
from math import pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, UnidentifiedImageError

from drivers.contract.card_printer import FACE_SIZE
from kiosk.cards.layout import Layout, Row, Rows, filled, layout
from kiosk.cards.record import CardRecord
from kiosk.cards.typesetting import BLACK, LEADING, Block, FaceError, fit, rise, typeface
from kiosk.fonts import BOLD, REGULAR

WIDTH, HEIGHT = FACE_SIZE
PIXELS_MAX = 40_000_000
SPECIMEN = (196, 64, 64)


def render_front(record: CardRecord, *, specimen: bool) -> Image.Image:
    """The face of `record`. With `specimen`, the word SPECIMEN lies under the text and across the photo.

    FaceError if a field does not fit even small and wrapped, or a picture cannot be read; it names the field only.
    """
    plan = layout()
    face = _background(plan, specimen).copy()
    draw = ImageDraw.Draw(face)
    draw.fontmode = "1"
    _header(draw, plan, record)
    _nik(draw, plan, record)
    _rows(draw, plan.rows, record)
    _photo(face, plan, record, specimen)
    _issue(face, draw, plan, record)
    return face


def _header(draw: ImageDraw.ImageDraw, plan: Layout, record: CardRecord) -> None:
    width = WIDTH - 2 * plan.margin
    for heading in plan.header:
        block = fit(filled(heading.text, record), BOLD, width=width, sizes=heading.size, lines=1, field=heading.field)
        room = heading.size[0] * LEADING
        block.draw(draw, plan.margin, heading.top + (room - block.height) / 2, centred_in=width)


def _nik(draw: ImageDraw.ImageDraw, plan: Layout, record: CardRecord) -> None:
    base, label = plan.nik.baseline, typeface(BOLD, plan.nik.label_size)
    draw.text((plan.rows.label[0], base), "NIK", font=label, fill=BLACK, anchor="ls")
    draw.text((plan.rows.label[1] + 6, base), ":", font=label, fill=BLACK, anchor="ls")
    number = typeface(BOLD, plan.nik.value_size)
    draw.text((plan.rows.value[0], base), record.nik, font=number, fill=BLACK, anchor="ls")


def _rows(draw: ImageDraw.ImageDraw, plan: Rows, record: CardRecord) -> None:
    """All rows at the largest size at which they fit between top and bottom together, spread evenly."""
    room = plan.bottom - plan.top
    for size in plan.sizes:
        blocks = [_value(filled(row.text, record), row, plan, size) for row in plan.field]
        line = round(size * LEADING)
        heights = [max(block.height + rise(line) - rise(block.line_height), line) for block in blocks]
        if sum(heights) <= room:
            break
    else:
        raise FaceError("the record's fields are too long together; ask the centre for the abbreviated forms")
    left, right = plan.label
    longest = max((row.label for row in plan.field), key=typeface(REGULAR, size).getlength)
    tag = fit(longest, REGULAR, width=right - left, sizes=(size, 14), lines=1, field="label").font
    # Rows with too much air between them look torn apart; what is left stays below.
    gap = min((room - sum(heights)) / max(len(blocks) - 1, 1), size * 0.28)
    y = float(plan.top)
    for row, block, height in zip(plan.field, blocks, heights, strict=True):
        baseline = y + rise(line)
        draw.text((left, baseline), row.label, font=tag, fill=BLACK, anchor="ls")
        draw.text((right + 8, baseline), ":", font=tag, fill=BLACK, anchor="ls")
        block.draw(draw, plan.value[0], baseline - rise(block.line_height))
        if row.beside is not None:
            beside = filled(row.beside, record)
            draw.text((plan.value[1], baseline), beside, font=typeface(REGULAR, size), fill=BLACK, anchor="rs")
        y += height + gap


def _value(text: str, row: Row, plan: Rows, size: int) -> Block:
    width = plan.value[1] - plan.value[0]
    sizes = (size, max(plan.smallest, size - plan.shrink))
    return fit(text, BOLD if row.bold else REGULAR, width=width, sizes=sizes, lines=plan.lines, field=row.field)


def _photo(face: Image.Image, plan: Layout, record: CardRecord, specimen: bool) -> None:
    left, top, right, bottom = plan.photo.box
    picture = _open(record.photo, "photo", ("JPEG", "PNG"))
    picture.draft("RGB", ((right - left) * 2, (bottom - top) * 2))
    try:
        fitted = ImageOps.fit(picture.convert("RGB"), (right - left, bottom - top), centering=(0.5, 0.3))
    except OSError as error:
        raise FaceError("photo: the picture is damaged; ask the centre to send it again") from error
    # Pure black is for text: a photo's darkest dots must not go to the black panel, where they would look torn.
    fitted = fitted.point([1, *range(1, 256)] * 3)
    if specimen:
        fitted = Image.composite(Image.new("RGB", fitted.size, "white"), fitted, _across(fitted.size))
    face.paste(fitted, (left, top))
    ImageDraw.Draw(face).rectangle((left - 1, top - 1, right, bottom), outline=(120, 140, 150))


def _issue(face: Image.Image, draw: ImageDraw.ImageDraw, plan: Layout, record: CardRecord) -> None:
    issue = plan.issue
    left, right = issue.column
    width = right - left
    place = fit(
        record.issue_place, REGULAR, width=width, sizes=issue.place_size, lines=issue.place_lines, field="issue_place"
    )
    y = plan.photo.box[3] + issue.gap
    place.draw(draw, left, y, centred_in=width)
    day = f"{record.issue_date:%d-%m-%Y}"
    date = fit(day, REGULAR, width=width, sizes=issue.date_size, lines=1, field="issue_date")
    y += place.height
    date.draw(draw, left, y, centred_in=width)
    if record.signature is not None:
        _signature(face, record.signature, (left + 4, y + date.height + 10, right - 4, plan.rows.bottom))


def _signature(face: Image.Image, png: bytes, box: tuple[int, int, int, int]) -> None:
    picture = _open(png, "signature", ("PNG",))
    try:
        flat = Image.new("RGBA", picture.size, "white")
        flat.alpha_composite(picture.convert("RGBA"))
    except OSError as error:
        raise FaceError("signature: the picture is damaged; ask the centre to send it again") from error
    strokes = ImageChops.invert(flat.convert("L"))
    inked = strokes.point([0] * 96 + [255] * 160).getbbox()
    if inked is None:
        return
    strokes = ImageOps.contain(strokes.crop(inked), (box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS)
    mask = strokes.point([0] * 96 + [255] * 160)
    at = ((box[0] + box[2] - mask.width) // 2, (box[1] + box[3] - mask.height) // 2)
    face.paste(BLACK, (*at, at[0] + mask.width, at[1] + mask.height), mask)


def _open(data: bytes, field: str, formats: tuple[str, ...]) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=formats)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise FaceError(f"{field}: is no {' or '.join(formats)} picture; ask the centre to send it again") from error
    if picture.width * picture.height > PIXELS_MAX:
        raise FaceError(f"{field}: {picture.width}x{picture.height} dots are too many")
    return picture


# -- the ground ------------------------------------------------------------------------------------------------------
@cache
def _background(plan: Layout, specimen: bool) -> Image.Image:
    """A pale sky with fine waves, drawn large and scaled down so that the lines are smooth."""
    scale = 2
    size = (WIDTH * scale, HEIGHT * scale)
    upper, lower = Image.new("RGB", size, (214, 236, 246)), Image.new("RGB", size, (238, 246, 238))
    sky = Image.composite(lower, upper, Image.linear_gradient("L").resize(size))
    draw = ImageDraw.Draw(sky)
    for wave in range(-6, 30):
        points = [
            (x, (wave * 26 + 20 * sin(x / size[0] * 4 * pi + wave * 0.33) + 9 * sin(x / 71 + wave * 0.7)) * scale)
            for x in range(0, size[0] + 8, 8)
        ]
        draw.line(points, fill=(196, 224, 236) if wave % 2 else (206, 230, 226), width=2, joint="curve")
    ground = sky.resize(FACE_SIZE, Image.Resampling.LANCZOS)
    ImageDraw.Draw(ground).line((plan.margin, 108, WIDTH - plan.margin, 108), fill=(126, 176, 196), width=3)
    return _with_specimen(ground, plan.rows.value[1]) if specimen else ground


def _with_specimen(ground: Image.Image, right: int) -> Image.Image:
    """SPECIMEN across the card, pale enough to read black text on it, and once in full colour along the lower edge."""
    layer = Image.new("L", (820, 200))
    ImageDraw.Draw(layer).text((410, 100), "SPECIMEN", font=typeface(BOLD, 136), fill=255, anchor="mm")
    turned = layer.rotate(26, resample=Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", FACE_SIZE)
    mask.paste(turned, ((right - turned.width) // 2 + 20, (HEIGHT - turned.height) // 2 + 60))
    mask = mask.filter(ImageFilter.GaussianBlur(0.6)).point([level * 26 // 100 for level in range(256)])
    ground = Image.composite(Image.new("RGB", FACE_SIZE, (226, 84, 84)), ground, mask)
    draw = ImageDraw.Draw(ground)
    draw.text(
        (WIDTH / 2, HEIGHT - 10), "SPECIMEN · BUKAN DOKUMEN KEPENDUDUKAN", font=typeface(BOLD, 17), fill=SPECIMEN,
        anchor="ms",
    )  # fmt: skip
    return ground


@cache
def _across(size: tuple[int, int]) -> Image.Image:
    """The mask with which SPECIMEN lies across the photo."""
    layer = Image.new("L", (size[1], 60))
    ImageDraw.Draw(layer).text((size[1] / 2, 30), "SPECIMEN", font=typeface(BOLD, 42), fill=150, anchor="mm")
    turned = layer.rotate(52, resample=Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", size)
    mask.paste(turned, ((size[0] - turned.width) // 2, (size[1] - turned.height) // 2))
    return mask


__all__ = ["FaceError", "render_front"]
