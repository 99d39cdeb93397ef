"""The specimen document signer: the security object of a chip (ICAO Doc 9303-10, 4.6.2), signed with ECDSA P-256.

The private keys are made from words that stand here in the open: whoever reads this can sign chips that only a kiosk in
simulation believes. The kiosk never holds such a key; it sends the data groups and gets EF.SOD back.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from asn1crypto import algos, cms, core, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
COUNTRY, STATE = "ZZ", "SPECIMEN"
_BEGIN, _END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class _Hash(core.Sequence):
    _fields: ClassVar[list[Any]] = [("number", core.Integer), ("value", core.OctetString)]


class _Hashes(core.SequenceOf):
    _child_spec = _Hash


class _SecurityObject(core.Sequence):
    """LDSSecurityObject of Doc 9303-10, appendix D, version 0."""

    _fields: ClassVar[list[Any]] = [
        ("version", core.Integer),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", _Hashes),
    ]


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
        self._certificate_der = self._certificate(
            self._signer.public_key(), "DS SPECIMEN", serial=2, authority=False
        ).public_bytes(Encoding.DER)

    def sign(self, groups: Mapping[int, bytes]) -> bytes:
        """EF.SOD over whole data groups, by number."""
        content = _SecurityObject(
            {
                "version": 0,
                "algorithm": {"algorithm": "sha256"},
                "hashes": [
                    {"number": number, "value": hashlib.sha256(group).digest()}
                    for number, group in sorted(groups.items())
                ],
            }
        ).dump()
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [LDS_SECURITY_OBJECT]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            ]
        )
        certificate = x509.Certificate.load(self._certificate_der)
        signature = self._signer.sign(attributes.dump(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": LDS_SECURITY_OBJECT,
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [certificate],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": cms.SignerIdentifier(
                            "issuer_and_serial_number",
                            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
                        ),
                        "digest_algorithm": {"algorithm": "sha256"},
                        "signed_attrs": attributes,
                        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                        "signature": signature,
                    }
                ],
            }
        )
        whole: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
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
