"""Passive authentication (ICAO Doc 9303-11, 5.1): is what was read what the country's document signer signed?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
_DIGESTS = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""asn1crypto parses lazily: a broken structure shows itself wherever it is first touched."""


class NotGenuine(Exception):
    """The chip's content does not hold. Says which part, and nothing of what stands in it."""


class _GroupHash(core.Sequence):
    _fields: ClassVar[list[Any]] = [("number", core.Integer), ("value", core.OctetString)]


class _GroupHashes(core.SequenceOf):
    _child_spec = _GroupHash


class _Versions(core.Sequence):
    _fields: ClassVar[list[Any]] = [("lds", core.PrintableString), ("unicode", core.PrintableString)]


class _SecurityObject(core.Sequence):
    """Doc 9303-10, appendix D."""

    _fields: ClassVar[list[Any]] = [
        ("version", core.Integer),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", _GroupHashes),
        ("versions", _Versions, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """What a verified EF.SOD says: the digest algorithm, and the digest of every data group by its number."""

    algorithm: str
    digests: Mapping[int, bytes]

    def check(self, groups: Mapping[int, bytes], unread: frozenset[int] = frozenset()) -> None:
        """NotGenuine unless exactly the signed groups are there, each with its signed digest. `unread`: groups that are
        there but were not shown."""
        if groups.keys() | unread != self.digests.keys():
            missing = sorted(self.digests.keys() ^ (groups.keys() | unread))
            raise NotGenuine(f"EF.SOD and the chip do not have the same data groups: {missing}")
        for number, content in groups.items():
            if _DIGESTS[self.algorithm](content).digest() != self.digests[number]:
                raise NotGenuine(f"DG{number} is not what was signed")


def verify(sod: bytes, country: x509.Certificate, at: datetime) -> SecurityObject:
    """Checks the file EF.SOD up to the country's certificate. `at`: aware, when the signer must be valid."""
    try:
        signed, certificate = _verified(sod, country)
    except InvalidSignature as error:
        raise NotGenuine("a signature of EF.SOD does not hold") from error
    except (*_BROKEN, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension) as error:
        raise NotGenuine("EF.SOD is not built as the standard says") from error
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise NotGenuine("the document signer's certificate is not valid now")
    return signed


@lru_cache(maxsize=1)
def _verified(sod: bytes, country: x509.Certificate) -> tuple[SecurityObject, x509.Certificate]:
    """What EF.SOD says and its signer, if all the signatures hold. The last is kept: a card's EF.SOD is looked at when
    it comes from the centre and again as the chip gives it back, and what these very bytes prove does not change."""
    if sod[:1] != b"\x77":
        raise NotGenuine("EF.SOD does not begin with tag 77")
    outer = core.Any.load(sod, strict=True)
    info = cms.ContentInfo.load(outer.contents, strict=True)
    if info["content_type"].native != "signed_data":
        raise NotGenuine("EF.SOD is no CMS signed data")
    signed = info["content"]
    if signed["encap_content_info"]["content_type"].dotted != LDS_SECURITY_OBJECT:
        raise NotGenuine("EF.SOD signs something else than an LDS security object")
    content = bytes(signed["encap_content_info"]["content"])
    [signer] = signed["signer_infos"]
    [embedded] = [one.chosen for one in signed["certificates"] if one.name == "certificate"]
    certificate = _signer(embedded.dump(), country)
    algorithm = signer["digest_algorithm"]["algorithm"].native
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    if attributes["content_type"][0].dotted != LDS_SECURITY_OBJECT:
        raise NotGenuine("the signature is over another content type")
    if attributes["message_digest"][0].native != _DIGESTS[algorithm](content).digest():
        raise NotGenuine("the signature is over another content")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NotGenuine("the document signer's key is none on an elliptic curve")
    digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[algorithm]
    key.verify(signer["signature"].native, signer["signed_attrs"].untag().dump(), ec.ECDSA(digest))
    parsed = _SecurityObject.load(content, strict=True)
    digests = {one["number"].native: one["value"].native for one in parsed["hashes"]}
    return SecurityObject(parsed["algorithm"]["algorithm"].native, MappingProxyType(digests)), certificate


@lru_cache(maxsize=4)
def _signer(certificate: bytes, country: x509.Certificate) -> x509.Certificate:
    """The document signer's certificate (DER), if the country issued it. Kept: a signer signs thousands of cards."""
    signer = x509.load_der_x509_certificate(certificate)
    signer.verify_directly_issued_by(country)
    return signer
