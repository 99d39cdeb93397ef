"""What a hardware profile says: one kiosk, its office, its services, its centre, and the device in each slot.

Written as TOML in hw_profiles/; `kiosk.devices.loading.load` reads, checks and completes it.
"""

import base64
import binascii
from datetime import time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography import x509
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from drivers.transport.base import LinkError
from drivers.transport.link import split
from kiosk.api.messages import Label

ED25519_KEY_BYTES = 32
NO_DRIVER = "none"
"""`driver = "none"` in a profile that extends another: this slot of the base is empty here."""


class ProfileError(Exception):
    """A profile that cannot be used. `problems`: one line each, with file, key path, what was given, what is right."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Part(BaseModel):
    """Immutable; an unknown key is an error, so that a typing mistake cannot be silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kiosk(Part):
    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,32}$")
    """Unique in the whole fleet; printed on slips, sent to the centre."""
    clock_battery: bool = True
    """The machine's clock runs on while it is switched off. False for a Pi 4 without a clock module: after each start
    it makes no card until the centre has told it the time."""


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("expected an IANA time zone: Asia/Jakarta, Asia/Makassar or Asia/Jayapura") from error
    return name


class Office(Part):
    id: str = Field(pattern=r"^[A-Z0-9-]{1,16}$")
    """The audience (`aud`) that an approval must name."""
    name: Label
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Jakarta"
    opens: time = time(7)
    """Local time; what staff do before it, after `closes` or on a Sunday, the supervisor's digest counts apart."""
    closes: time = time(17)
    staff_service: str = "pengaduan"
    """The service whose counter helps a resident with whom the kiosk cannot go on."""


class Service(Part):
    """A service that a resident can queue for."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    letter: str = Field(pattern=r"^[A-Z]$")
    """First character of the queue number, unique in the profile."""
    name: Label
    needs_link: bool = False
    """The counter needs the centre's data: while the link is down the service says so instead of giving numbers."""
    minutes: float = Field(default=8.0, gt=0, le=240)
    """Usual service time of one resident; the first guess of every wait estimate."""
    counters: int = Field(default=1, ge=1, le=50)


class Centre(Part):
    url: str = Field(pattern=r"^https?://[^\s/]+[^\s]*$")
    public_key: str
    """Base64 of the 32 raw bytes of the Ed25519 key with which the centre signs approvals."""
    key_id: str = Field(default="centre-1", min_length=1, max_length=64)
    """The name (`kid`) of that key; what is signed with a key of another name is refused."""
    issuer: str = Field(min_length=1, max_length=64)
    poll_seconds: float = Field(default=15.0, ge=0.2, le=3600)

    @field_validator("public_key")
    @classmethod
    def _key(cls, text: str) -> str:
        try:
            size = len(base64.b64decode(text, validate=True))
        except binascii.Error:
            size = -1
        if size != ED25519_KEY_BYTES:
            raise ValueError(f"expected base64 of the {ED25519_KEY_BYTES} bytes of an Ed25519 public key")
        return text

    @property
    def key_bytes(self) -> bytes:
        return base64.b64decode(self.public_key)


class Token(Part):
    """Where a PKCS#11 token keeps the master key of the cards."""

    module: str
    """The token maker's library, /usr/lib/....so."""
    label: str
    """The token's label."""
    key: str
    """The master key's label."""
    transport: str
    """The label of the key with which blanks come."""
    pin_file: str
    """A file that holds the PIN and that only kioskd may read."""


class Sam(Part):
    """The reader with the SAM that holds the keys of the cards."""

    transport: str
    """`pcsc:READER NAME`: another reader than the cards'. In simulation also `sim:DEVICE`."""
    pin_file: str
    """A file that holds the PIN and that only kioskd may read."""


class Chip(Part):
    """What is written to a card's chip, and who holds the keys for it."""

    layout: str = "nid-td1"
    """A file of kiosk/cards/personalise/layouts."""
    size: Literal["S", "L"] = "S"
    keys: Literal["centre", "sam", "token", "software"] = "centre"
    """The centre wraps every command (K0), or a SAM in a second reader does (K1); a PKCS#11 token computes card keys
    (K2); the public test key (K3)."""
    token: Token | None = None
    """Needed for keys = "token"."""
    sam: Sam | None = None
    """Needed for keys = "sam"."""
    country: str = ""
    """Base64 of the country's signing certificate (DER): who signs chips. Without it no chip is believed."""

    @field_validator("country")
    @classmethod
    def _certificate(cls, text: str) -> str:
        try:
            if text:
                x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        except ValueError as error:
            raise ValueError("expected base64 of an X.509 certificate in DER") from error
        return text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.keys == "token") is not (self.token is not None):
            raise ValueError('keys = "token" and a table chip.token belong together')
        if (self.keys == "sam") is not (self.sam is not None):
            raise ValueError('keys = "sam" and a table chip.sam belong together')
        return self


class Limits(Part):
    blanks_per_job: int = Field(default=2, ge=1, le=5)
    """How many blanks one collection may use up before it is handed to staff."""
    finger_attempts: int = Field(default=3, ge=1, le=10)
    finger_timeout: float = Field(default=20.0, gt=0, le=120)
    """Seconds to wait for a finger in each attempt."""
    take_timeout: float = Field(default=30.0, gt=0, le=300)
    """Seconds a presented card stays in the exit before it is taken back."""
    disk_full_percent: int = Field(default=95, ge=50, le=99)
    """With the journal's disk this full no card is begun; what is left is for recording."""


class Power(Part):
    """What is done once the UPS tells that the mains are gone (slots.indicator)."""

    budget_seconds: float = Field(default=45.0, ge=1, le=3600)
    """How long the UPS certainly carries the whole kiosk, printer included. A print takes about 20 s."""
    switch_off: tuple[str, ...] = ()
    """The command that switches the machine off, for example ["systemctl", "poweroff"]. Empty: it stays on."""


class Dispenser(Part):
    """The roll of pre-printed tickets: what is printed on the first one, so that each can be named afterwards."""

    prefix: str = Field(default="", max_length=8)
    first_number: int = Field(default=1, ge=0, le=999_999)
    digits: int = Field(default=4, ge=1, le=6)


class Slot(Part):
    """The device in one place of the kiosk."""

    driver: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """A package under drivers/<slot>/."""
    transport: str
    """`kind:address?option=value`, see drivers.transport.link."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The driver's own options, as its `Options` model allows and with its defaults filled in."""

    @field_validator("transport")
    @classmethod
    def _transport(cls, text: str) -> str:
        try:
            split(text)
        except LinkError as error:
            raise ValueError(str(error)) from error
        return text

    @property
    def simulated(self) -> bool:
        """What answers is software: a simulator's socket, or a driver told to take a virtual device for real."""
        return self.transport.startswith("sim:") or self.options.get("simulator") is True


class Slots(Part):
    """An absent slot closes the flows that need it and nothing else. Each field is a folder of drivers/."""

    card_printer: Slot | None = None
    card_encoder: Slot | None = None
    thermal_printer: Slot | None = None
    fingerprint_scanner: Slot | None = None
    ticket_dispenser: Slot | None = None
    indicator: Slot | None = None
    """The UPS's power-fail line."""

    def filled(self) -> dict[str, Slot]:
        """The slots that hold a device, by name."""
        return {name: slot for name in type(self).model_fields if (slot := getattr(self, name)) is not None}


class Profile(Part):
    """One hardware variant, complete: the base it extends is already merged in."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    description: str = ""
    production: bool = False
    """A machine for residents: refuses every simulator, the screen's mirror, and a centre without TLS."""
    base: str | None = None
    """The profile that this one extends."""
    kiosk: Kiosk
    office: Office
    services: tuple[Service, ...] = Field(min_length=1, max_length=26)
    centre: Centre
    chip: Chip = Chip()
    limits: Limits = Limits()
    dispenser: Dispenser = Dispenser()
    power: Power = Power()
    slots: Slots

    _base: "Profile | None" = PrivateAttr(default=None)
    _source: str = PrivateAttr(default="")

    @property
    def source(self) -> str:
        """The file that it was read from; "" if it was made in the program."""
        return self._source

    @property
    def simulated(self) -> bool:
        """True if any slot holds a simulator."""
        return any(slot.simulated for slot in self.slots.filled().values())

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what in ("id", "letter"):
            values = [getattr(service, what) for service in self.services]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"services: {what} {', '.join(twice)} is used twice; each service needs its own")
        if self.office.staff_service not in {service.id for service in self.services}:
            raise ValueError(f"office.staff_service: {self.office.staff_service!r} is none of the services")
        if self.production:
            for name, slot in self.slots.filled().items():
                if slot.simulated:
                    raise ValueError(
                        f"slots.{name}: {slot.transport!r} is a simulator; a production profile takes none"
                    )
            if self.chip.keys == "software":
                raise ValueError('chip.keys: "software" is the public test key; a production profile takes none of it')
            if self.chip.sam is not None and self.chip.sam.transport.startswith("sim:"):
                raise ValueError("chip.sam.transport: is a simulator; a production profile takes none")
            if self.slots.card_encoder is not None and not self.chip.country:
                raise ValueError("chip.country: without the country's certificate no chip that is written is believed")
            if not self.centre.url.startswith("https://"):
                raise ValueError("centre.url: a production profile reaches the centre by https:// only")
        return self

    def effective(self) -> dict[str, Any]:
        """Everything that holds, defaults and base included, as plain data for TOML."""
        return self.model_dump(mode="json", exclude_none=True)

    def changes(self) -> dict[str, Any]:
        """Only what differs from the base; without a base, only what differs from the defaults."""
        if self._base is None:
            return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        found = _difference(self.effective(), self._base.effective())
        for slot in self._base.slots.filled().keys() - self.slots.filled().keys():
            found.setdefault("slots", {})[slot] = {"driver": NO_DRIVER}
        return found


def _difference(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """What `new` says otherwise than `old`, table by table; a list that differs is given whole."""
    found: dict[str, Any] = {}
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            inner = _difference(value, old[key])
            if inner:
                found[key] = inner
        elif key not in old or old[key] != value:
            found[key] = value
    return found
