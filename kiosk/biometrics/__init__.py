"""Finger image -> minutiae -> score -> decision; ISO/IEC 19794-2 records; nothing kept.

All functions here are synchronous, deterministic and free of clocks, chance and files; `Examiner` runs `policy.decide`
on a worker thread. May import: drivers.contract (the image, the detector of minutiae). NumPy does the arithmetic.

How good the matcher is on real fingers: docs/fingerprint.md, and `kiosk bench fingerprint` on your own data.
"""
