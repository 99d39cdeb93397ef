"""Is this finger one of those in the record? One image, one decision.

The threshold is set on cross-extractor data, the kiosk's real case: minutiae of a live scan by one maker's extractor
against records by another's (FVC2002 DB1 to DB4, 1,120 genuine and 11,520 impostor pairs, docs/fingerprint.md). On none
of the four sets does more than 1 impostor pair in 1,000 reach it; in all of them 3 of 11,520 do (0.026 %), and 12.6 %
of the genuine pairs do not. An attempt is one image against the records of the one finger that was asked for. With 3
attempts of each of 2 fingers a stranger who tries all is let through in at most 6 x 0.1 % = 0.6 % of cases as promised,
0.16 % as measured; a card needs the holder's slip or number besides. How many attempts, and who may overrule, is
decided by the station.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, MinutiaeDetector, RetryReason
from kiosk.biometrics import extractor, image_record, matcher, template

THRESHOLD: Final = 3.2
"""A score from here on is a match: FMR at most 0.1 % per attempt on every set, across extractors (see above)."""
LEAST_MINUTIAE: Final = 5
"""With fewer, no finger could match: all white, all black, or a smear."""
LEAST_SIDE: Final = 80
"""Pixels: 4 mm at 500 dpi."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`score` is the best over all references, 0 upwards. No minutiae, no image: nothing here is personal."""

    matched: bool
    score: float


def decide(image: FingerImage, references: Sequence[bytes | bytearray], detector: MinutiaeDetector) -> Decision:
    """Compares `image` with each record: ISO/IEC 19794-2 minutiae, or an ISO/IEC 19794-4 picture, which is extracted as
    the live one is. The best counts.

    CaptureRetry if the image is too small, or too poor to match anybody: the resident should just try again.
    TemplateError if a reference is no such record (the registry's mistake, not the resident's). DeviceError if the
    detector cannot be used. The image, and what was prepared of it and of the references, is overwritten whatever
    comes of it; the numbers of single minutiae on the way are released only, for Python gives no hold on them.
    """
    known: list[matcher.Finger] = []
    try:
        for reference in references:
            known += _fingers(reference, detector)
        known.append(probe := matcher.prepare(_minutiae(image, detector)))
        best = max((matcher.score(probe, one) for one in known[:-1]), default=0.0)
    finally:
        image.wipe()
        for one in known:
            one.wipe()
    return Decision(best >= THRESHOLD, best)


def _minutiae(image: FingerImage, detector: MinutiaeDetector) -> template.Template:
    if min(image.width, image.height) < LEAST_SIDE or len(image.pixels) != image.width * image.height:
        raise CaptureRetry(RetryReason.TOO_SMALL)
    found = extractor.extract(image, detector)
    if len(found.views[0].minutiae) < LEAST_MINUTIAE:
        raise CaptureRetry(RetryReason.TOO_POOR)
    return found


def _fingers(reference: bytes | bytearray, detector: MinutiaeDetector) -> list[matcher.Finger]:
    if reference[:4] != image_record.MAGIC:
        return [matcher.prepare(template.parse(reference))]
    fingers = []
    for picture in image_record.parse(reference):
        try:
            fingers.append(matcher.prepare(extractor.extract(picture, detector)))
        finally:
            picture.wipe()
    return fingers
