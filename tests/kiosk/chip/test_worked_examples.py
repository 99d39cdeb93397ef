"""The reader does, byte for byte, what the worked examples of ICAO Doc 9303-11 do (appendices D and G)."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.errors import ProtocolError
from kiosk.cards.stranger import bac, pace
from kiosk.cards.stranger.messaging import PASSWORD_KEY, AesSuite, Messaging, TripleDesSuite, key


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


# -- appendix D.2 to D.4 ----------------------------------------------------------------------------------------------
MRZ = "L898902C<369080619406236"
HANDSHAKE = bac.Handshake(
    MRZ, hexed("4608F91988702212"), hexed("781723860C06C226"), hexed("0B795240CB7049B01C19B33E32804F0B")
)
CHIP = hexed("46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449")


def test_the_mrz_information_of_a_td1_card() -> None:
    lines = ("I<UTOL898902C<3<<<<<<<<<<<<<<<", "6908061F9406236UTO<<<<<<<<<<<4", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
    assert bac.information(lines) == MRZ
    with pytest.raises(ValueError, match="30 characters"):
        bac.information(("I<UTO", "", ""))


def test_basic_access_control() -> None:
    start = bac.seed(MRZ)[:16]
    assert start == hexed("239AB9CB282DAF66231DC5A4DF6BFBAE")
    assert bac.odd_parity(key(start, 1)) == hexed("AB94FDECF2674FDFB9B391F85D7F76F2")
    assert bac.odd_parity(key(start, 2)) == hexed("7962D9ECE03D1ACD4C76089DCE131543")
    assert HANDSHAKE.command() == hexed(
        "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728"
    )


def test_reading_ef_com_over_the_session() -> None:
    session = HANDSHAKE.session(CHIP)
    assert session.wrap(hexed("00A4020C"), hexed("011E")) == hexed(
        "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"
    )
    assert session.unwrap(hexed("990290008E08FA855A5D4C50A8ED9000")) == hexed("9000")
    assert session.wrap(hexed("00B00000"), le=4) == hexed("0CB000000D9701048E08ED6705417E96BA5500")
    first = session.unwrap(hexed("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"))
    assert session.wrap(hexed("00B00004"), le=0x12) == hexed("0CB000040D9701128E082EA28A70F3C7B53500")
    second = session.unwrap(
        hexed("871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000")
    )
    assert first[:-2] + second[:-2] == hexed("60145F0104303130365F36063034303030305C026175")


@pytest.mark.parametrize("at", [0, 31, 39])
def test_a_chip_that_does_not_know_the_mrz_opens_nothing(at: int) -> None:
    answer = bytearray(CHIP)
    answer[at] ^= 1
    with pytest.raises(ProtocolError):
        HANDSHAKE.session(bytes(answer))


# -- appendix G.1 -----------------------------------------------------------------------------------------------------
PACE = pace.Exchange(
    13,
    "T22000129364081251010318",
    int("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99", 16),
    int("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595", 16),
)
NONCE = hexed("7C12801095A3A016522EE98D01E76CB6B98B42C3")
MAPPED = hexed(
    "7C43824104" "824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
    "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"
)  # fmt: skip
AGREED = hexed(
    "7C43844104" "9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
    "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094"
)  # fmt: skip


def test_pace_with_generic_mapping() -> None:
    assert pace.select(13) == hexed("0022C1A412800A04007F0007020204020283010184010D")
    assert key(bac.seed(PACE.mrz_information), PASSWORD_KEY) == hexed("89DED1B26624EC1E634C1989302849DD")
    assert PACE.map_nonce() == hexed(
        "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
        "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00"
    )
    agreed = PACE.agree(NONCE, MAPPED)
    assert agreed.command() == hexed(
        "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
        "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200"
    )
    keyed = agreed.keys(AGREED)
    assert keyed.enc == hexed("F5F0E35C0D7161EE6724EE513A0D9A7F")
    assert keyed.mac == hexed("FE251C7858B356B24514B3BD5F4297D1")
    assert keyed.command() == hexed("008600000C7C0A8508C2B0BD78D94BA86600")
    assert isinstance(keyed.session(hexed("7C0A86083ABB9674BCE93C08")), Messaging)
    with pytest.raises(ProtocolError, match="token"):
        keyed.session(hexed("7C0A86083ABB9674BCE93C09"))
    for shown in (repr(PACE), repr(agreed), repr(keyed)):
        assert "T22000129" not in shown
        assert keyed.enc.hex() not in shown


def test_a_point_beside_the_curve_is_refused() -> None:
    beside = bytearray(MAPPED)
    beside[-1] ^= 1
    with pytest.raises(ProtocolError, match="not on the curve"):
        PACE.agree(NONCE, bytes(beside))


# -- any bytes --------------------------------------------------------------------------------------------------------
@given(st.binary(max_size=120), st.sampled_from([TripleDesSuite(bytes(16), bytes(16)), AesSuite(bytes(16), bytes(16))]))
@settings(max_examples=10_000, deadline=None)
def test_any_answer_in_a_session_is_refused_unless_it_is_protected(
    data: bytes, suite: TripleDesSuite | AesSuite
) -> None:
    with pytest.raises(ProtocolError):
        Messaging(suite, bytes(suite.block)).unwrap(data + b"\x90\x00")


@given(st.binary(max_size=80))
@settings(max_examples=10_000, deadline=None)
def test_any_answer_to_general_authenticate_is_refused_or_understood(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        PACE.agree(data, MAPPED)
    with pytest.raises(ProtocolError):
        HANDSHAKE.session(data)


BLOCKS = st.lists(st.tuples(st.booleans(), st.integers(2, 20), st.randoms(use_true_random=False)), max_size=12)


@pytest.mark.parametrize("kind", [TripleDesSuite, AesSuite])
@given(messages=BLOCKS)
@settings(max_examples=100, deadline=None)
def test_a_message_is_enciphered_as_if_it_were_the_first_of_its_session(
    kind: type[TripleDesSuite] | type[AesSuite], messages: list[tuple[bool, int, Random]]
) -> None:
    """A suite's contexts last the session; nothing of one message may reach the next."""
    keys = bytes(range(16)), bytes(range(16, 32))
    session = kind(*keys)
    for encrypt, blocks, chance in messages:
        data, counter = chance.randbytes(blocks * kind.block), chance.randbytes(kind.block)
        assert session.crypt(data, counter, encrypt=encrypt) == kind(*keys).crypt(data, counter, encrypt=encrypt)
        assert session.mac(data) == kind(*keys).mac(data)
