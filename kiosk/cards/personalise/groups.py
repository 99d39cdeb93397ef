"""What stands in each data group (ICAO Doc 9303-10, 4.7): one builder per kind, from a record and a budget in bytes.

A builder gives the content without the group's outer tag, or None where the record has nothing for it. ValueError if
the record cannot be brought onto the chip.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

from asn1crypto import core, keys
from PIL import Image

from kiosk.biometrics import template
from kiosk.cards import lds, mrz
from kiosk.cards.record import CardRecord
from kiosk.cards.tlv import tlv

FINGERS_MAX = 2
SIGNATURE_SIZES = ((480, 160), (360, 120), (240, 80), (180, 60), (120, 40), (90, 30))
QUALITIES = (80, 60, 40, 25, 15)

PACE_ECDH_GM_AES_128 = "0.4.0.127.0.7.2.2.4.2.2"
PACE_P256 = 12
"""Doc 9303-11, 9.5.1: standardised domain parameters, NIST P-256 (secp256r1)."""
ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"
ECDSA_PLAIN_SHA256 = "0.4.0.127.0.7.1.1.4.1.3"
"""Doc 9303-11, 6.1.2.3 and 9.2.2: active authentication by ECDSA says so in DG14."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Most bytes of a group's content, by kind."""

    face: int
    signature: int
    fingers: int


@dataclass(frozen=True, slots=True)
class Person:
    """Whose chip it is. `point`: the public key that the card made for itself, uncompressed (65 bytes, P-256)."""

    record: CardRecord
    point: bytes | None = None


def zone(person: Person, budget: Budget) -> bytes:
    """DG1: the three lines that are also printed."""
    del budget
    return tlv(0x5F1F, "".join(mrz.lines(mrz.zone_of(person.record))).encode("ascii"))


def face(person: Person, budget: Budget) -> bytes:
    """DG2: one face as ISO/IEC 19794-5 has it."""
    return lds.face_template(person.record.photo, budget.face)


def signature(person: Person, budget: Budget) -> bytes | None:
    """DG7: the displayed signature, a grey JPEG."""
    if person.record.signature is None:
        return None
    jpeg = fitted_signature(person.record.signature, budget.signature - 10)
    return tlv(0x02, b"\x01") + tlv(0x5F43, jpeg)


def fitted_signature(picture: bytes, limit: int) -> bytes:
    """A grey JPEG of at most `limit` bytes, as large and as good as they allow."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            ink = opened.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise lds.PhotoError("the signature is no picture that can be read") from error
    for size in SIGNATURE_SIZES:
        fitted = ink.copy()
        fitted.thumbnail(size, Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            fitted.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= limit:
                return out.getvalue()
    raise lds.PhotoError(f"the signature cannot be made smaller than {limit} bytes")


def person(person: Person, budget: Budget) -> bytes:
    """DG11: NIK, full name, birth place and address."""
    del budget
    return lds.personal_details(person.record)


def fingers(person: Person, budget: Budget) -> bytes | None:
    """DG13, the issuer's own: up to two minutiae templates (ISO/IEC 19794-2), wrapped as DG3 wraps images."""
    if not person.record.fingers:
        return None
    wrapped = []
    for finger in person.record.fingers[:FINGERS_MAX]:
        header = tlv(
            0xA1, tlv(0x80, b"\x01\x01"), tlv(0x81, b"\x08"), tlv(0x87, b"\x01\x01"), tlv(0x88, b"\x00\x01")
        )  # CBEFF: finger; owner ISO/IEC JTC 1/SC 37, format "finger minutiae record"
        wrapped.append(tlv(0x7F60, header, tlv(0x5F2E, fitted_template(finger.template, budget.fingers))))
    return tlv(0x7F61, tlv(0x02, bytes([len(wrapped)])), *wrapped)


def fitted_template(data: bytes, limit: int) -> bytes:
    """The first impression in a minutiae record, its best minutiae, as many as `limit` bytes hold."""
    record = template.parse(data)
    fixed = template.RECORD_HEADER.size + template.VIEW_HEADER.size + template.EXTENDED_LENGTH.size
    room = (limit - fixed) // template.MINUTIA.size
    view = record.views[0]
    kept = sorted(sorted(view.minutiae, key=lambda one: -one.quality)[:room], key=lambda one: (one.y, one.x))
    return template.encode(replace(record, views=(replace(view, minutiae=tuple(kept), extended=b""),)))


def security(person: Person, budget: Budget) -> bytes:
    """DG14: that PACE is there, and with which algorithm the card's own key signs."""
    del person, budget
    return _dg14()


@cache
def _dg14() -> bytes:
    return security_infos(pace_info(), active_authentication_info())


@cache
def card_access() -> bytes:
    """EF.CardAccess: that there is PACE, readable before it. The same on every card."""
    return security_infos(pace_info())


def authentication_key(person: Person, budget: Budget) -> bytes | None:
    """DG15: the public key of the card itself; its private half was made on the card and stays there."""
    del budget
    if person.point is None:
        return None
    return tlv(0x30, _on_p256(), tlv(0x03, b"\x00", person.point))  # SubjectPublicKeyInfo; no bit unused


@cache
def _on_p256() -> bytes:
    """AlgorithmIdentifier of a key on P-256 (RFC 5480, 2.1.1)."""
    algorithm = {"algorithm": "ec", "parameters": keys.ECDomainParameters(name="named", value="secp256r1")}
    return bytes(keys.PublicKeyAlgorithm(algorithm).dump())


Builder = Callable[[Person, Budget], bytes | None]
SOURCES: dict[str, Builder] = {
    "zone": zone,
    "face": face,
    "signature": signature,
    "person": person,
    "fingers": fingers,
    "security": security,
    "authentication_key": authentication_key,
}
OF_THE_CARD = frozenset({"authentication_key"})
"""The builders whose content depends on the card; all others' only on the person."""


class _Info(core.Sequence):
    """SecurityInfo of Doc 9303-11, 9.2, in the form whose data are integers or an identifier."""

    _fields: ClassVar[list[Any]] = [
        ("protocol", core.ObjectIdentifier),
        ("required", core.Integer),
        ("optional", core.Any, {"optional": True}),
    ]


def security_infos(*infos: _Info) -> bytes:
    """A SET OF SecurityInfo in DER: content of DG14 and, whole, of EF.CardAccess."""
    body = b"".join(sorted(info.dump() for info in infos))
    return tlv(0x31, body)


def pace_info() -> _Info:
    return _Info({"protocol": PACE_ECDH_GM_AES_128, "required": 2, "optional": core.Integer(PACE_P256)})


def active_authentication_info() -> _Info:
    return _Info(
        {"protocol": ACTIVE_AUTHENTICATION, "required": 1, "optional": core.ObjectIdentifier(ECDSA_PLAIN_SHA256)}
    )
