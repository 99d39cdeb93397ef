"""The invented people: of the form the kiosk expects, recognisable as invented, and fit to be printed on a card."""

import base64
import io

from PIL import Image

from kiosk.api.identifiers import nik_fault
from kiosk.cards import record as kiosk_record
from sim.centre import Centre
from sim.centre.people import record_digest


def test_every_record_is_what_the_kiosk_calls_a_record(centre: Centre) -> None:
    for person in centre.people:
        read = kiosk_record.CardRecord.model_validate(person.record)
        assert read.nik == person.nik
        assert nik_fault(person.nik) is None
        assert kiosk_record.digest(person.record) == record_digest(person.record)
        assert {finger.position for finger in read.fingers} == set(person.fingers)
        assert all(finger.template.startswith(b"FMR\0 20\0") for finger in read.fingers)


def test_nobody_can_be_taken_for_a_real_person(centre: Centre) -> None:
    for person in centre.people:
        assert "SPECIMEN" in person.name
        assert person.nik.startswith("99"), "no province has this number"
        assert person.record["province"] == "PROVINSI SPECIMEN"
        assert person.name not in repr(person)


def test_a_womans_day_of_birth_has_forty_added(centre: Centre) -> None:
    for person in centre.people:
        day = int(person.nik[6:8])
        assert (day > 40) == (person.record["sex"] == "PEREMPUAN")
        assert day % 40 == int(person.record["birth_date"][8:])


def test_portraits_and_signatures_fit_a_card(centre: Centre) -> None:
    for person in centre.people:
        photo = base64.b64decode(person.record["photo"])
        assert len(photo) <= 30_000
        with Image.open(io.BytesIO(photo)) as picture:
            assert picture.format == "JPEG"
            assert picture.width * 5 == picture.height * 4
        with Image.open(io.BytesIO(base64.b64decode(person.record["signature"]))) as ink:
            assert ink.format == "PNG"
            assert ink.convert("L").getextrema() == (0, 255)
