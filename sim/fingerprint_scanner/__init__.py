"""Simulated fingerprint scanners. Share no code with drivers.fingerprint_scanner."""
