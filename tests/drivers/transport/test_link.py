"""The text of a profile becomes a connector, or one sentence that says what would be right."""

import pytest

from drivers.transport.base import LinkError
from drivers.transport.link import stream


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("serial:/dev/ttyUSB0?baud=57600", "serial:/dev/ttyUSB0?baud=57600"),
        ("serial:/dev/ttyUSB0", "serial:/dev/ttyUSB0?baud=9600"),
        ("tcp:192.0.2.7:9100", "tcp:192.0.2.7:9100"),
        ("sim:card-printer", "sim:card-printer"),
    ],
)
def test_a_transport_is_understood_and_shown_as_it_would_be_written(text: str, shown: str) -> None:
    assert str(stream(text)) == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/dev/ttyUSB0", "expected one of serial:PATH"),
        ("serial:", "expected one of serial:PATH"),
        ("serial:/dev/ttyUSB0?baud=fast", "baud is a number"),
        ("serial:/dev/ttyUSB0?boud=9600", "serial knows no option boud"),
        ("serial:/dev/ttyUSB0?baud", "options are written ?name=value"),
        ("tcp:192.0.2.7", "expected tcp:HOST:PORT"),
        ("bluetooth:00:11", "'bluetooth' carries no byte stream"),
        ("gpio:lgpio", "'gpio' carries no byte stream"),
    ],
)
def test_a_transport_that_makes_no_sense_is_told_what_would(text: str, said: str) -> None:
    with pytest.raises(LinkError) as caught:
        stream(text)
    assert said in str(caught.value)
