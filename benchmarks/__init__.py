"""Figures about this code on this machine, each against a plain rival that must give the same result. `make bench`."""
