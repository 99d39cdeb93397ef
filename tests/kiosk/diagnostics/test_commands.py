"""What a technician reads on the cable."""

import re

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.api.client import Client
from kiosk.diagnostics.commands import TABLE, Commands
from kiosk.diagnostics.lines import LINE_LIMIT
from kiosk.diagnostics.words import error, plain
from sim.clock import run
from tests.kiosk.diagnostics import kioskd

FORM = re.compile(r'OK( .+)?|ERROR [a-z-]+ "([^"\\]|\\.)*"|#( .*)?')


class NobodyThere(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("No such file or directory")


async def ask(line: str, app: FastAPI | None = None) -> list[str]:
    transport = httpx.ASGITransport(app) if app else NobodyThere()
    answer = [text async for text in Commands(lambda: Client(transport=transport)).answer(line)]
    assert all(FORM.fullmatch(text) for text in answer)
    assert [text.startswith("#") for text in answer] == [True] * (len(answer) - 1) + [False]
    return answer


async def test_help_names_every_command_and_each_of_them_works() -> None:
    listed = await ask("help")
    for name in TABLE:
        assert any(line.startswith(f"# {name} ") for line in listed)
        assert (await ask(name, kioskd.app()))[-1].startswith("OK")


async def test_status_says_what_is_wrong_and_why() -> None:
    text = "\n".join(await ask("status", kioskd.app()))
    assert "# link down cause=link_down queued=7" in text
    assert "# blanks loaded=10 hopper=0 path=0 holder=9 reject=1 capture=0 unknown=0" in text
    assert "# card_printer online" in text
    assert "thermal_printer" not in text  # it is well
    assert "SIMULATED" in text
    assert text.endswith("OK ready=yes collecting=no cause=blanks_out collection=working")


async def test_devices_shows_each_with_its_supplies_causes_and_details() -> None:
    answer = await ask("devices", kioskd.app())
    assert "causes=blanks_out SIMULATED" in answer[0]
    assert answer[1] == "#   firmware=1.2"
    assert answer[-1] == "OK devices=2 ailing=card_printer"


async def test_a_self_test_that_fails_says_so_in_its_last_line() -> None:
    assert (await ask("selftest", kioskd.app()))[-1] == "OK passed=2"
    answer = await ask("selftest", kioskd.app(failing=True))
    assert "# FAIL card_printer: hopper empty" in answer
    assert answer[-1] == 'ERROR selftest-failed "1 of 2 failed: card_printer"'


async def test_the_log_is_shown_without_anything_personal_or_harmful_to_the_terminal() -> None:
    answer = await ask("log tail 3", kioskd.app())
    assert len(answer) == 4
    for line in answer:
        assert kioskd.NIK not in line
        assert "ANJ1-0" not in line
        assert line.isascii()
        assert line.isprintable()
    assert answer[0] == "# 2025-03-01T05:00:00Z INFO kiosk.cards: a fault logged ?[31m*** and *** ?"


async def test_nobody_sees_the_resident_in_front_of_the_kiosk() -> None:
    text = "\n".join([*await ask("status", kioskd.app()), *await ask("devices", kioskd.app())])
    assert "B***" not in text


@pytest.mark.parametrize("argument", ["0", "201", "-1", "x", "1 2", "9" * 200])
async def test_a_wrong_number_of_log_lines_is_refused_with_the_right_range(argument: str) -> None:
    answer = await ask(f"log tail {argument}", kioskd.app())
    assert answer == ['ERROR bad-argument "log tail takes one number, 1 to 200"']


async def test_an_unknown_command_points_to_help() -> None:
    assert await ask("reboot now") == ['ERROR unknown-command "reboot: no such command; try: help"']
    assert await ask("help me") == ['ERROR bad-argument "help takes no argument"']


async def test_with_kioskd_dead_help_and_version_answer_and_the_others_say_what_to_do() -> None:
    assert (await ask("help"))[-1] == "OK"
    assert (await ask("version"))[-1].endswith("kioskd=down")
    for line in ("status", "devices", "selftest", "log tail"):
        assert (await ask(line))[-1].startswith('ERROR kioskd-down "kioskd does not answer. On the kiosk: systemctl')


async def test_a_kioskd_that_hangs_is_told_from_one_that_is_dead() -> None:
    answer = await ask("status", kioskd.app(silent=True))
    assert answer[-1].startswith('ERROR kioskd-silent "kioskd is there but gave no answer within 5 s')


def test_quotes_and_long_texts_keep_the_form_of_an_error() -> None:
    assert error("x", 'say "no" \\') == r'ERROR x "say \"no\" \\"'
    assert len(plain("y" * 5000)) == 400


@settings(max_examples=1_000, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=LINE_LIMIT).filter(str.strip))
def test_any_line_gets_exactly_one_answer(line: str) -> None:
    assert run(ask(line))
