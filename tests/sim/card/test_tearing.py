"""The power goes at any instant of a personalisation: a card is whole, or useless and recoverable, never half right."""

from collections import Counter
from itertools import product

import pytest

from sim.card_encoder.memory import Cut, Memory, MemoryFailure, PowerLost, Supply
from tests.sim.card.cardholder import (
    FILES,
    UID,
    PhysicalCard,
    by_bac,
    by_pace,
    digest_of,
    personalise,
    state_of,
    store,
    write,
)
from tests.sim.card.terminal import CardGone, Unexpected, host, read, said


def writes_of_one() -> int:
    card = PhysicalCard()
    personalise(card)
    return card.supply.writes


def is_whole(card: PhysicalCard, digest: bytes) -> bool:
    """True if a reader gets in; then everything must be there."""
    try:
        ask = by_bac(card)
    except Unexpected:
        return False
    files = {number: read(ask, number) for number in (*FILES, 0x010F) if number != 0x010D}
    files[0x010D] = FILES[0x010D]
    assert digest_of(files) == digest
    return True


def test_cut_at_every_write_and_anywhere_in_it_no_half_card_can_be_read_and_one_more_try_is_enough() -> None:
    ways = [(Cut.BEFORE, 0), (Cut.HALF, 0), (Cut.AFTER, 0), *((Cut.MIX, seed) for seed in range(6))]
    found: Counter[str] = Counter()
    for at, (cut, seed) in product(range(1, writes_of_one() + 1), ways):
        card = PhysicalCard(starts=100 * seed)
        card.supply.cut_at(at, cut)
        told = [b""]
        with pytest.raises(CardGone):
            personalise(card, journal=told.append)
        state, digest = state_of(card.chosen())
        match state:
            case 0x07:
                assert not is_whole(card, b"")
                files = personalise(card)
                assert is_whole(card, digest_of(files))
                found["written again"] += 1
            case 0x0F:
                assert digest == told[-1]
                assert is_whole(card, digest)
                found["was done already"] += 1
            case 0x83:  # the life-cycle byte itself holds garbage
                assert not is_whole(card, b"")
                found["rejected"] += 1
            case other:
                raise AssertionError(f"{other:02X}")
    assert writes_of_one() >= 20
    assert sum(found.values()) == 9 * writes_of_one()
    assert set(found) == {"written again", "was done already", "rejected"}, found
    assert found["written again"] >= 9 * (writes_of_one() - 1)


def test_cut_again_in_the_second_try_the_third_makes_it_whole() -> None:
    writes = writes_of_one()
    for first, second in product(range(2, writes, 3), range(1, writes, 2)):
        card = PhysicalCard(starts=first)
        for at in (first, second):
            card.supply.cut_at(at, Cut.MIX)
            with pytest.raises(CardGone):
                personalise(card)
        assert state_of(card.chosen()) == (0x07, b"")
        assert not is_whole(card, b"")
        assert is_whole(card, digest_of(personalise(card)))


def test_a_longer_try_before_leaves_nothing_behind() -> None:
    card = PhysicalCard()
    send, one = card.chosen(), host(UID)
    one.open(send)
    write(one, send, FILES | {0x0102: bytes(3_000)})
    files = personalise(card)
    assert read(by_pace(card), 0x0102) == files[0x0102]


def test_an_answer_lost_at_the_commit_is_seen_as_done() -> None:
    card = PhysicalCard()
    card.supply.cut_at(writes_of_one(), Cut.AFTER)
    told: list[bytes] = []
    with pytest.raises(CardGone):
        personalise(card, journal=told.append)
    assert state_of(card.chosen()) == (0x0F, told[-1])


def test_a_chip_without_power_answers_nothing_until_its_next_start() -> None:
    card = PhysicalCard()
    send, one = card.chosen(), host(UID)
    one.open(send)
    card.supply.cut_at(1, Cut.BEFORE)
    assert send(one.wrap(store(0x011E, 0, b"x"))) == b""
    assert send(bytes.fromhex("00CAFF2000")) == b""
    said(card.chosen()(bytes.fromhex("00CAFF2000")))


def test_memory_that_fails_says_so_at_each_write() -> None:
    failing = {"on": False}
    card = PhysicalCard(write_fails=lambda: failing["on"])
    send, one = card.chosen(), host(UID)
    one.open(send)
    failing["on"] = True
    assert one.ask(send, store(0x011E, 0, b"x")) == b"\x65\x81"
    assert one.ask(send, bytes.fromhex("0046800000")) == b"\x65\x81"
    assert card.chosen()(b"\x80\x50\x00\x00\x08" + bytes(8) + b"\x00") == b"\x65\x81"


# -- the memory itself ------------------------------------------------------------------------------------------------
def torn(cut: Cut, seed: int, *, truncate: bool = False) -> bytes:
    cells = {"x": b"old " * 8}
    supply = Supply()
    supply.cut_at(1, cut)
    with pytest.raises(PowerLost):
        Memory(cells, supply=supply, seed=seed).write("x", b"NEW!" * 4, 4, truncate=truncate)
    return cells["x"]


def test_what_a_write_leaves_when_it_is_cut() -> None:
    old = b"old " * 8
    new = b"old " + b"NEW!" * 4 + b"old " * 3
    assert torn(Cut.BEFORE, 0) == old
    assert torn(Cut.AFTER, 0) == new
    assert torn(Cut.AFTER, 0, truncate=True) == new[:20]
    assert torn(Cut.HALF, 0) == b"old NEW!NEW!"


def test_a_mix_has_old_new_and_garbage_only_where_it_was_written() -> None:
    results = {torn(Cut.MIX, seed, truncate=seed % 2 == 0) for seed in range(40)}
    assert {len(one) for one in results} == {20, 32}
    for one in results:
        assert one[:4] == b"old "
        assert one[20:] in (b"", b"old " * 3)
    at_five = {one[5] for one in results}
    assert {b"l"[0], b"E"[0]} < at_five, "old, new, and others"


def test_bookkeeping_is_old_or_new_but_never_a_mix() -> None:
    seen = set()
    for cut, seed in product(Cut, range(8)):
        cells, supply = {"x": b"\x07\x07"}, Supply()
        supply.cut_at(1, cut)
        with pytest.raises(PowerLost):
            Memory(cells, supply=supply, seed=seed).keep("x", b"\x08\x08")
        seen.add((cut, cells["x"]))
    assert {value for _, value in seen} == {b"\x07\x07", b"\x08\x08"}
    assert {value for cut, value in seen if cut is Cut.MIX} == {b"\x07\x07", b"\x08\x08"}


def test_cells_wear_out() -> None:
    memory = Memory({}, endurance=3)
    for _ in range(3):
        memory.write("state", b"\x07")
    memory.keep("other", b"still well")
    assert memory.wear("state") == 3
    with pytest.raises(MemoryFailure):
        memory.write("state", b"\x0f")
    assert memory.get("state") == b"\x07"


def test_a_card_whose_commit_byte_is_worn_out_never_becomes_a_document() -> None:
    card = PhysicalCard({"wear:state": (100_000).to_bytes(4, "big")})
    with pytest.raises(Unexpected) as caught:
        personalise(card)
    assert caught.value.args[0] == b"\x65\x81"
    assert state_of(card.chosen()) == (0x07, b"")
    assert not is_whole(card, b"")


def test_a_cut_is_never_planned_in_the_past() -> None:
    with pytest.raises(ValueError, match="next write"):
        Supply().cut_at(0, Cut.BEFORE)
