"""The profile's words about chips, put together: who holds the keys, who signs, whose signature is believed."""

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drivers.contract.card_encoder import CardEncoder
from kiosk.cards.jws import CentreKey
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import KeyCustody, LocalKeys, NoPublicKeys, software_keys
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import DocumentSigner
from kiosk.cards.personalise.package import Gate, Once, UsedPackages
from kiosk.cards.personalise.sam import SamKeys
from kiosk.cards.personalise.token import TokenError, token_keys
from kiosk.centre.cards import CentreKeys
from kiosk.clock import Chance, Clock
from kiosk.devices.loading import driver_module
from kiosk.devices.profile import Profile, Sam, Token

ENCODER = "pcsc"
"""The driver of the reader in which a SAM sits."""


def chip_desk(
    profile: Profile,
    http: httpx.AsyncClient,
    signer: Callable[[str], DocumentSigner],
    clock: Clock,
    chance: Chance,
    packages: UsedPackages | None = None,
) -> ChipDesk:
    """`signer`: who signs the chip of an approval. `packages`: remembers which of the centre's packages were used;
    without it only for as long as this desk exists. TokenError or LayoutError if the profile cannot be followed."""
    chip = profile.chip
    country = x509.load_der_x509_certificate(base64.b64decode(chip.country)) if chip.country else None
    custody = _custody(profile, http, clock, chance, packages or Once())
    if profile.production:
        custody = NoPublicKeys(custody)
    return ChipDesk(custody, signer, country, layout.load(chip.layout), chip.size, clock, chance)


def _custody(
    profile: Profile, http: httpx.AsyncClient, clock: Clock, chance: Chance, packages: UsedPackages
) -> KeyCustody:
    chip = profile.chip
    match chip.keys:
        case "software":
            return software_keys(chance)
        case "token" if chip.token is not None:
            return _in_token(chip.token, chance, production=profile.production)
        case "sam" if chip.sam is not None:
            return _in_sam(chip.sam, simulated=profile.simulated)
    key = Ed25519PublicKey.from_public_bytes(profile.centre.key_bytes)
    whose = CentreKey(profile.centre.issuer, key)
    return CentreKeys(http, Gate(whose, profile.office.id, profile.kiosk.id, clock, packages))


def _in_token(token: Token, chance: Chance, *, production: bool) -> KeyCustody:
    keys = token_keys(token.module, token.label, _pin(token.pin_file), token.key, token.transport)
    if production and keys.public:
        raise TokenError(f"token {token.label!r}: holds the public test key; a production kiosk takes none of it")
    return LocalKeys(keys, chance)


def _in_sam(sam: Sam, *, simulated: bool) -> KeyCustody:
    module = driver_module("card_encoder", ENCODER)
    reader: CardEncoder = module.Driver(module.link(sam.transport), module.Options(simulator=simulated))
    return SamKeys(reader, partial(_pin, sam.pin_file))


def _pin(file: str) -> str:
    return Path(file).read_text("utf-8").strip()
