"""A kiosk that makes one card and stops twice to be looked at: with the session open, and when it is done.

Reads one line of JSON: `custody` (centre, sam, software), the ports of `card`, `sam` and `centre`, the approval. Prints
`look` when its memory is to be searched, and goes on at the next line. It is told no key, except in `software`.
"""

import asyncio
import json
import sys
from typing import Any

import httpx

from drivers.card_encoder.pcsc import Driver, Options, link_over
from drivers.transport.sockets import TcpConnector
from kiosk.cards.chip import read_uid
from kiosk.cards.personalise.custody import KeyCustody, software_keys
from kiosk.cards.personalise.sam import SamKeys
from kiosk.cards.personalise.writer import Job, Writer
from kiosk.centre.cards import CentreKeys, CentreSigner
from kiosk.clock import SystemChance
from tests.kiosk.chip.bench import centre, gate, plan


def reader(port: int) -> Driver:
    return Driver(link_over(TcpConnector("127.0.0.1", port)), Options())


def custody(told: dict[str, Any], http: httpx.AsyncClient) -> KeyCustody:
    match told["custody"]:
        case "centre":
            return CentreKeys(http, gate())
        case "sam":
            return SamKeys(reader(told["sam"]), lambda: str(told["pin"]))
    return software_keys(SystemChance(), *(bytes.fromhex(key) for key in told["keys"]))


async def look(digest: bytes = b"") -> None:
    del digest
    print("look", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def main() -> None:
    told = json.loads(sys.stdin.readline())
    registry, nowhere = centre()
    await nowhere.aclose()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{told['centre']}", timeout=30.0) as http:
        keys = custody(told, http)
        encoder = reader(told["card"])
        channel = await encoder.open()
        job = Job(plan(registry.people[0]), await read_uid(channel), approval=told["approval"])
        await Writer(keys, CentreSigner(http, "SPC01", told["approval"]), look).write(channel, job)
        await channel.reset()
        await Writer.secure(keys, channel, job)
        await look()
        await keys.close()
        await encoder.stop()


if __name__ == "__main__":
    asyncio.run(main())
