"""Finger image -> minutiae -> score -> decision; ISO/IEC 19794-2 records; nothing kept.

All functions here are synchronous, deterministic and free of clocks, chance and files; callers run `policy.decide`
in a worker thread. May import: drivers.contract.fingerprint_scanner (the image). NumPy and SciPy do the arithmetic.

How good the matcher is on real fingers: docs/fingerprint.md, and `kiosk bench fingerprint` on your own data.
"""
