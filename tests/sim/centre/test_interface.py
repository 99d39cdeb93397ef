"""What a kiosk gets from the centre's HTTP interface, in one process and in virtual time."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sim.centre import OFFICE, PUBLIC_KEY_B64, Centre, CentreTransport


@asynccontextmanager
async def asking(centre: Centre) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=CentreTransport(centre), base_url="http://centre") as client:
        yield client


async def feed(client: httpx.AsyncClient, since: int) -> dict[str, Any]:
    answer = await client.get(f"/v1/offices/{OFFICE}/approvals", params={"since": since})
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


async def test_a_kiosk_that_asks_for_the_first_time_gets_everything_then_only_what_is_new(centre: Centre) -> None:
    async with asking(centre) as client:
        first = await feed(client, 0)
        assert len(first["approvals"]) == len(centre.people)
        assert (await feed(client, first["cursor"]))["approvals"] == []

        ani = centre.people[1]
        centre.set_approval(ani.nik, "expired")
        second = await feed(client, first["cursor"])
        assert [entry["record"]["nik"] for entry in second["approvals"]] == [ani.nik]
        assert second["cursor"] > first["cursor"]


async def test_a_person_without_approval_is_not_in_the_log(centre: Centre) -> None:
    centre.set_approval(centre.people[0].nik, "missing")
    async with asking(centre) as client:
        niks = [entry["record"]["nik"] for entry in (await feed(client, 0))["approvals"]]
    assert centre.people[0].nik not in niks
    assert len(niks) == len(centre.people) - 1


def signed(token: str) -> dict[str, Any]:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY_B64))
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["EdDSA"], options={"verify_aud": False, "verify_exp": False}
    )
    return claims


async def standing(client: httpx.AsyncClient, nonce: str = "00" * 16) -> dict[str, Any]:
    answer = await client.get(f"/v1/offices/{OFFICE}/standing", params={"kiosk": "K1", "nonce": nonce})
    answer.raise_for_status()
    return signed(answer.json()["standing"])


async def test_one_service_is_cut_and_the_others_stay(centre: Centre) -> None:
    centre.cut_service("ktp-el", authorised=False)
    centre.granted["akta"] = timedelta(hours=1)
    async with asking(centre) as client:
        services = (await standing(client))["services"]
    assert services.pop("ktp-el")["authorised"] is False
    assert all(service["authorised"] for service in services.values())
    assert services["akta"]["until"] < services["pindah"]["until"]


async def test_its_word_is_for_one_kiosk_and_answers_one_question(centre: Centre) -> None:
    centre.revoke("PRR-000001")
    async with asking(centre) as client:
        said = await standing(client, "ab" * 16)
    assert (said["kiosk"], said["aud"], said["nonce"]) == ("K1", OFFICE, "ab" * 16)
    assert said["revoked"] == ["PRR-000001"]


async def test_an_approval_is_for_the_first_kiosk_that_asks(centre: Centre) -> None:
    async with asking(centre) as client:
        url = f"/v1/offices/{OFFICE}/approvals"
        first = (await client.get(url, params={"kiosk": "K1"})).json()["approvals"]
        assert {signed(entry["approval"])["kiosk"] for entry in first} == {"K1"}
        assert (await client.get(url, params={"kiosk": "K2"})).json()["approvals"] == []


async def test_events_sent_twice_or_out_of_order_are_kept_once(centre: Centre) -> None:
    def batch(*numbers: int) -> dict[str, Any]:
        told = [{"sequence": n, "kind": "ticket", "at": "2026-03-02T05:00:00Z", "body": {"n": n}} for n in numbers]
        return {"kiosk": "K1", "events": told}

    async with asking(centre) as client:

        async def tell(*numbers: int) -> int:
            answer = await client.post(f"/v1/offices/{OFFICE}/events", json=batch(*numbers))
            answer.raise_for_status()
            return int(signed(answer.json()["receipt"])["sequence"])

        assert await tell(1, 2) == 2
        assert await tell(2, 4) == 2, "three is missing, so nothing after two may be forgotten by the kiosk"
        assert await tell(3) == 4
        assert await tell(1, 2, 3, 4) == 4
    assert [event.sequence for event in centre.events] == [1, 2, 3, 4]


async def test_two_kiosks_count_their_events_separately(centre: Centre) -> None:
    event = {"sequence": 1, "kind": "ticket", "at": "2026-03-02T05:00:00Z", "body": {}}
    async with asking(centre) as client:
        for kiosk in ("K1", "K2"):
            answer = await client.post(f"/v1/offices/{OFFICE}/events", json={"kiosk": kiosk, "events": [event]})
            receipt = signed(answer.json()["receipt"])
            assert (receipt["kiosk"], receipt["sequence"]) == (kiosk, 1)
    assert {event.kiosk for event in centre.events} == {"K1", "K2"}


@pytest.mark.parametrize("told", [{}, {"kiosk": "K1", "events": [{"sequence": 0, "kind": "x", "at": ""}]}, ["K1"]])
async def test_nonsense_is_refused_and_nothing_is_kept(centre: Centre, told: object) -> None:
    async with asking(centre) as client:
        answer = await client.post(f"/v1/offices/{OFFICE}/events", json=told)
    assert answer.status_code == 422
    assert centre.events == []


async def test_another_office_learns_nothing(centre: Centre) -> None:
    async with asking(centre) as client:
        assert (await client.get("/v1/offices/SPC99/approvals")).status_code == 404


async def test_server_down_and_line_down_are_different_and_both_pass(centre: Centre) -> None:
    async with asking(centre) as client:
        assert (await client.get("/v1/health")).json() == {"status": "ok"}
        centre.outage = "server"
        assert (await client.get("/v1/health")).status_code == 503
        centre.outage = "link"
        with pytest.raises(httpx.ConnectError):
            await client.get("/v1/health")
        centre.outage = "none"
        assert (await client.get("/v1/health")).status_code == 200


def test_an_unknown_outage_or_kind_is_told(centre: Centre) -> None:
    with pytest.raises(ValueError, match="none, link, server"):
        centre.outage = "flood"  # type: ignore[assignment] # a typing mistake at run time
    with pytest.raises(ValueError, match="forged"):
        centre.set_approval(centre.people[0].nik, "fine")  # type: ignore[arg-type] # a typing mistake at run time


async def test_an_event_told_again_with_other_contents_is_an_alarm(centre: Centre) -> None:
    def event(kind: str) -> dict[str, Any]:
        return {"sequence": 1, "kind": kind, "at": "2026-03-02T05:00:00Z", "body": {}}

    async with asking(centre) as client:
        for kind in ("card_taken", "card_scrapped"):
            await client.post(f"/v1/offices/{OFFICE}/events", json={"kiosk": "K1", "events": [event(kind)]})
    assert [one.kind for one in centre.events] == ["card_taken"]
    assert centre.alarms == ["K1: event 1 was told again with other contents"]
