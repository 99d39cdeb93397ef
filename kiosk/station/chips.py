"""The profile's words about chips, put together: who holds the keys, who signs, whose signature is believed."""

import base64
from collections.abc import Callable
from pathlib import Path

import httpx
from cryptography import x509

from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import KeyCustody, LocalKeys, software_keys
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import DocumentSigner
from kiosk.cards.personalise.token import token_cmac
from kiosk.centre.cards import CentreKeys
from kiosk.clock import Chance, Clock
from kiosk.devices.profile import Profile


def chip_desk(
    profile: Profile,
    http: httpx.AsyncClient,
    signer: Callable[[str], DocumentSigner],
    clock: Clock,
    chance: Chance,
) -> ChipDesk:
    """`signer`: who signs the chip of an approval. TokenError or LayoutError if the profile cannot be followed."""
    chip = profile.chip
    country = x509.load_der_x509_certificate(base64.b64decode(chip.country)) if chip.country else None
    custody = _custody(profile, http, chance)
    return ChipDesk(custody, signer, country, layout.load(chip.layout), chip.size, clock, chance)


def _custody(profile: Profile, http: httpx.AsyncClient, chance: Chance) -> KeyCustody:
    match profile.chip.keys, profile.chip.token:
        case "software", _:
            return software_keys(chance)
        case "token", token if token is not None:
            pin = Path(token.pin_file).read_text("utf-8").strip()
            return LocalKeys(token_cmac(token.module, token.label, pin, token.key), chance)
    return CentreKeys(http, profile.office.id)
