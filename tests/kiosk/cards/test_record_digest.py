"""What an approval signs of a record: its bytes as any JSON writer would give them, keys sorted, without spaces."""

import hashlib
import json
from typing import Any

import pytest

from kiosk.cards.record import digest


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"name": "é \u2028 \U0001f600", "a": 'quote " backslash \\ slash /'},
        {"controls": "".join(map(chr, range(0x20))) + "\x7f\x80"},
        {"z": [{"b": 1, "a": [None, True, {"d": -5, "c": ""}]}], "é": {}, "Z": "Z", "large": 1 << 80},
    ],
)
def test_a_digest_is_over_sorted_json_without_spaces_in_utf8(record: dict[str, Any]) -> None:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest(record) == hashlib.sha256(text.encode()).hexdigest()
    assert digest(dict(reversed(record.items()))) == digest(record)


def test_text_that_no_utf8_can_carry_has_no_digest() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        digest({"name": "\ud800"})
