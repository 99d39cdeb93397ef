"""Finger image -> minutiae -> score -> decision; ISO/IEC 19794-2 records; nothing kept.

All functions here are synchronous, deterministic and free of clocks, chance and files; callers run `policy.decide`
in a worker thread. May import: drivers.contract.fingerprint_scanner (the image). NumPy and SciPy do the arithmetic.

This is a simple start behind an interface that can hold a better matcher. It makes no claim of accuracy on real
fingers: the only pictures it has seen are synthetic (see `kiosk.biometrics.policy` for the figures).
"""
