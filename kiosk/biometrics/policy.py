"""Is this finger one of those in the record? One image, one decision.

A simple start, and no claim of accuracy. What was measured, on 12 synthetic fingers x 8 impressions (easier than real
ones; record made from impression 1, probes 2 to 8, through a 256x288 sensor of 16 greys): 82 of 84 genuine pairs
score above THRESHOLD (lowest 5.0), none of 924 impostor pairs does (highest 3.3). With the 192x192 sensor of the R503
the overlap shrinks: 54 of 84 genuine pairs, highest impostor 4.9. Attempts, and who may overrule, are not decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.contract.fingerprint_scanner import FingerImage
from kiosk.biometrics import extractor, matcher, template

THRESHOLD: Final = 5.5
"""A score from here on is a match: no impostor seen came near it (see above)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`score` is the best over all references, 0 upwards. No minutiae, no image: nothing here is personal."""

    matched: bool
    score: float


def decide(image: FingerImage, references: Sequence[bytes]) -> Decision:
    """Compares `image` with each ISO/IEC 19794-2:2005 record, and wipes the image whatever comes of it.

    TemplateError if a reference is no such record (the registry's mistake, not the resident's). About 0.1 s of work
    per image and 0.03 s per reference on a laptop: call it in a worker thread. Intermediate arrays and minutiae are
    released, not overwritten: Python gives no hold on them.
    """
    try:
        known = [template.parse(reference) for reference in references]
        probe = extractor.extract(image)
    finally:
        image.wipe()
    best = max((matcher.score(probe, reference) for reference in known), default=0.0)
    return Decision(best >= THRESHOLD, best)
