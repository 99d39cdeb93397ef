"""The specimen document signer: the security object of a chip (ICAO Doc 9303-10, 4.6.2), signed with ECDSA P-256.

The private keys are made from words that stand here in the open: whoever reads this can sign chips that only a kiosk in
simulation believes. The kiosk never holds such a key; it sends the data groups and gets EF.SOD back.

The object is small and nearly all of it is the same on every chip, so it is written here value by value as DER (X.690)
wants it; nothing in it is longer than 64 kB. The tests read it with asn1crypto.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sim.card_encoder.tlv import tlv

COUNTRY, STATE = "ZZ", "SPECIMEN"
_BEGIN, _END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_INTEGER, _OCTETS, _OID, _SEQUENCE, _SET, _CONTEXT_0 = 0x02, 0x04, 0x06, 0x30, 0x31, 0xA0
"""Tags of X.690; the last is [0], constructed."""


def _integer(value: int) -> bytes:
    return tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


_LDS_SECURITY_OBJECT = tlv(_OID, bytes.fromhex("678108010101"))  # 2.23.136.1.1.1, Doc 9303-10
_SIGNED_DATA = tlv(_OID, bytes.fromhex("2a864886f70d010702"))  # 1.2.840.113549.1.7.2, RFC 5652
_CONTENT_TYPE = tlv(_OID, bytes.fromhex("2a864886f70d010903"))
_MESSAGE_DIGEST = tlv(_OID, bytes.fromhex("2a864886f70d010904"))
_SHA256 = tlv(_SEQUENCE, tlv(_OID, bytes.fromhex("608648016503040201")), b"\x05\x00")
_SHA256_ECDSA = tlv(_SEQUENCE, tlv(_OID, bytes.fromhex("2a8648ce3d040302")))


def _key(words: str) -> ec.EllipticCurvePrivateKey:
    seed = int.from_bytes(hashlib.sha512(words.encode()).digest(), "big")
    return ec.derive_private_key(seed % (_ORDER - 1) + 1, ec.SECP256R1())


def _name(common: str) -> certificates.Name:
    return certificates.Name(
        [
            certificates.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            certificates.NameAttribute(NameOID.ORGANIZATION_NAME, STATE),
            certificates.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


class DocumentSigner:
    """A country's signing certificate authority and one document signer under it, always the same keys."""

    def __init__(self) -> None:
        self._country = _key("ANJUNGAN SPECIMEN COUNTRY, NOT REAL")
        self._signer = _key("ANJUNGAN SPECIMEN DOCUMENT SIGNER, NOT REAL")
        root = self._certificate(self._country.public_key(), "CSCA SPECIMEN", serial=1, authority=True)
        self.country_pem: bytes = root.public_bytes(Encoding.PEM)
        """The certificate that everybody who checks a chip has to trust."""
        signer = self._certificate(self._signer.public_key(), "DS SPECIMEN", serial=2, authority=False)
        self._certificates = tlv(_CONTEXT_0, signer.public_bytes(Encoding.DER))
        self._identifier = tlv(_SEQUENCE, signer.issuer.public_bytes(), _integer(signer.serial_number))

    def sign(self, groups: Mapping[int, bytes]) -> bytes:
        """EF.SOD over whole data groups, by number."""
        content = tlv(
            _SEQUENCE,  # LDSSecurityObject of Doc 9303-10, appendix D, version 0
            _integer(0),
            _SHA256,
            tlv(
                _SEQUENCE,
                *(
                    tlv(_SEQUENCE, _integer(number), tlv(_OCTETS, hashlib.sha256(group).digest()))
                    for number, group in sorted(groups.items())
                ),
            ),
        )
        attributes = (  # RFC 5652, 11.1 and 11.2; in DER the elements of a SET stand in the order of their bytes
            tlv(_SEQUENCE, _CONTENT_TYPE, tlv(_SET, _LDS_SECURITY_OBJECT)),
            tlv(_SEQUENCE, _MESSAGE_DIGEST, tlv(_SET, tlv(_OCTETS, hashlib.sha256(content).digest()))),
        )
        signature = self._signer.sign(
            tlv(_SET, *attributes),  # signed as a SET, sent under its context tag: RFC 5652, 5.4
            ec.ECDSA(hashes.SHA256(), deterministic_signing=True),
        )
        signer_info = tlv(
            _SEQUENCE,
            _integer(1),
            self._identifier,
            _SHA256,
            tlv(_CONTEXT_0, *attributes),
            _SHA256_ECDSA,
            tlv(_OCTETS, signature),
        )
        signed_data = tlv(
            _SEQUENCE,
            _integer(3),
            tlv(_SET, _SHA256),
            tlv(_SEQUENCE, _LDS_SECURITY_OBJECT, tlv(_CONTEXT_0, tlv(_OCTETS, content))),
            self._certificates,
            tlv(_SET, signer_info),
        )
        whole = tlv(_SEQUENCE, _SIGNED_DATA, tlv(_CONTEXT_0, signed_data))
        return b"\x77\x82" + len(whole).to_bytes(2, "big") + whole

    def _certificate(
        self, public: ec.EllipticCurvePublicKey, common: str, *, serial: int, authority: bool
    ) -> certificates.Certificate:
        """Doc 9303-12, 7.1: the extensions that a verifier looks at."""
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
             "decipher_only"), False,
        )  # fmt: skip
        return (
            certificates.CertificateBuilder()
            .subject_name(_name(common))
            .issuer_name(_name("CSCA SPECIMEN"))
            .public_key(public)
            .serial_number(serial)
            .not_valid_before(_BEGIN)
            .not_valid_after(_END)
            .add_extension(
                certificates.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
            )
            .add_extension(
                certificates.KeyUsage(
                    digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage
                ),
                critical=True,
            )
            .add_extension(
                certificates.AuthorityKeyIdentifier.from_issuer_public_key(self._country.public_key()), critical=False
            )
            .add_extension(certificates.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._country, hashes.SHA256(), ecdsa_deterministic=True)
        )
