"""The printed front of the card: 1016x648 dots, RGB, at 300 dpi (ISO/IEC 7810 ID-1).

Fields: UU 24/2013 article 64. Province and regency head the card; address has RT/RW, village and district. The state's
emblem and map are not drawn: they belong on real documents, and this program makes specimens. The chip of a KTP-el is
contactless and inside the body, so no part of the face is kept free for it.
"""

import io
from collections.abc import Sequence
from functools import cache
from math import pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, UnidentifiedImageError

from drivers.contract.card_printer import FACE_SIZE
from kiosk.cards.record import CardRecord
from kiosk.cards.typesetting import BLACK, LEADING, Block, FaceError, fit, rise, typeface
from kiosk.fonts import BOLD, REGULAR

WIDTH, HEIGHT = FACE_SIZE
MARGIN = 40
LABELS = (MARGIN, 252)
"""Left edge and right end of the labels; the colon stands behind, the values begin at VALUES."""
VALUES = (280, 730)
COLUMN = (760, WIDTH - MARGIN)
"""Photo, place and date of issue, signature."""
PHOTO = (772, 140, 964, 396)
"""Left, top, right, bottom: 3 to 4, about 16 x 22 mm."""
NIK_BASELINE = 164
ROWS = (184, 616)
SIZES = range(25, 16, -2)
PIXELS_MAX = 40_000_000
SPECIMEN = (196, 64, 64)


def render_front(record: CardRecord, *, specimen: bool) -> Image.Image:
    """The face of `record`. With `specimen`, the word SPECIMEN lies under the text and across the photo.

    FaceError if a field does not fit even small and wrapped, or a picture cannot be read; it names the field only.
    """
    face = _background(specimen).copy()
    draw = ImageDraw.Draw(face)
    draw.fontmode = "1"
    _header(draw, record)
    _nik(draw, record)
    _rows(draw, record)
    _photo(face, record, specimen)
    _issue(face, draw, record)
    return face


def _header(draw: ImageDraw.ImageDraw, record: CardRecord) -> None:
    lines = (("PROVINSI " + record.province.upper().removeprefix("PROVINSI "), 36), (record.regency.upper(), 31))
    y = 22
    for (text, size), field in zip(lines, ("province", "regency"), strict=True):
        block = fit(text, BOLD, width=WIDTH - 2 * MARGIN, sizes=(size, 20), lines=1, field=field)
        block.draw(draw, MARGIN, y + (size * LEADING - block.height) / 2, centred_in=WIDTH - 2 * MARGIN)
        y += round(size * LEADING)


def _nik(draw: ImageDraw.ImageDraw, record: CardRecord) -> None:
    draw.text((LABELS[0], NIK_BASELINE), "NIK", font=typeface(BOLD, 38), fill=BLACK, anchor="ls")
    draw.text((LABELS[1] + 6, NIK_BASELINE), ":", font=typeface(BOLD, 38), fill=BLACK, anchor="ls")
    draw.text((VALUES[0], NIK_BASELINE), record.nik, font=typeface(BOLD, 46), fill=BLACK, anchor="ls")


def _fields(record: CardRecord) -> Sequence[tuple[str, str, str]]:
    """Label, text and field name of each row."""
    return (
        ("Nama", record.name, "name"),
        ("Tempat/Tgl Lahir", f"{record.birth_place}, {record.birth_date:%d-%m-%Y}", "birth_place"),
        ("Jenis Kelamin", record.sex, "sex"),
        ("Alamat", record.address, "address"),
        ("RT/RW", record.rt_rw, "rt_rw"),
        ("Kel/Desa", record.village, "village"),
        ("Kecamatan", record.district, "district"),
        ("Agama", record.religion, "religion"),
        ("Status Perkawinan", record.marital, "marital"),
        ("Pekerjaan", record.occupation, "occupation"),
        ("Kewarganegaraan", record.citizenship, "citizenship"),
        ("Berlaku Hingga", record.valid_until, "valid_until"),
    )


def _rows(draw: ImageDraw.ImageDraw, record: CardRecord) -> None:
    """All rows at the largest size at which they fit between ROWS together, spread evenly."""
    room = ROWS[1] - ROWS[0]
    fields = _fields(record)
    for size in SIZES:
        blocks = [_value(text, name, size) for _, text, name in fields]
        line = round(size * LEADING)
        heights = [max(block.height + rise(line) - rise(block.line_height), line) for block in blocks]
        if sum(heights) <= room:
            break
    else:
        raise FaceError("the record's fields are too long together; ask the centre for the abbreviated forms")
    longest = max((label for label, _, _ in fields), key=typeface(REGULAR, size).getlength)
    tag = fit(longest, REGULAR, width=LABELS[1] - LABELS[0], sizes=(size, 14), lines=1, field="label").font
    # Rows with too much air between them look torn apart; what is left stays below.
    gap = min((room - sum(heights)) / (len(blocks) - 1), size * 0.28)
    y = float(ROWS[0])
    for (label, _, name), block, height in zip(fields, blocks, heights, strict=True):
        baseline = y + rise(line)
        draw.text((LABELS[0], baseline), label, font=tag, fill=BLACK, anchor="ls")
        draw.text((LABELS[1] + 8, baseline), ":", font=tag, fill=BLACK, anchor="ls")
        block.draw(draw, VALUES[0], baseline - rise(block.line_height))
        if name == "sex":
            blood = f"Gol. Darah: {record.blood or '-'}"
            draw.text((VALUES[1], baseline), blood, font=typeface(REGULAR, size), fill=BLACK, anchor="rs")
        y += height + gap


def _value(text: str, name: str, size: int) -> Block:
    face = BOLD if name == "name" else REGULAR
    return fit(text, face, width=VALUES[1] - VALUES[0], sizes=(size, max(16, size - 5)), lines=4, field=name)


def _photo(face: Image.Image, record: CardRecord, specimen: bool) -> None:
    left, top, right, bottom = PHOTO
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


def _issue(face: Image.Image, draw: ImageDraw.ImageDraw, record: CardRecord) -> None:
    left, right = COLUMN
    width = right - left
    place = fit(record.issue_place, REGULAR, width=width, sizes=(22, 15), lines=3, field="issue_place")
    y = PHOTO[3] + 14
    place.draw(draw, left, y, centred_in=width)
    date = fit(f"{record.issue_date:%d-%m-%Y}", REGULAR, width=width, sizes=(22, 15), lines=1, field="issue_date")
    y += place.height
    date.draw(draw, left, y, centred_in=width)
    if record.signature is not None:
        _signature(face, record.signature, (left + 4, y + date.height + 10, right - 4, ROWS[1]))


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
def _background(specimen: bool) -> Image.Image:
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
    ImageDraw.Draw(ground).line((MARGIN, 108, WIDTH - MARGIN, 108), fill=(126, 176, 196), width=3)
    return _with_specimen(ground) if specimen else ground


def _with_specimen(ground: Image.Image) -> Image.Image:
    """SPECIMEN across the card, pale enough to read black text on it, and once in full colour along the lower edge."""
    layer = Image.new("L", (820, 200))
    ImageDraw.Draw(layer).text((410, 100), "SPECIMEN", font=typeface(BOLD, 136), fill=255, anchor="mm")
    turned = layer.rotate(26, resample=Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", FACE_SIZE)
    mask.paste(turned, ((VALUES[1] - turned.width) // 2 + 20, (HEIGHT - turned.height) // 2 + 60))
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
