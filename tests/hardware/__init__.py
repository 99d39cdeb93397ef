"""The contract on real devices: `pytest --hw PROFILE tests/hardware`, beside the machine, with somebody who looks.

It prints one slip, runs one ticket out, looks for a finger for a second, and moves one blank to the encoder and into
the reject bin. Without --hw everything here is skipped. Hardware is asked only for what needs no fault; faults on
hardware are a person's work: docs/fault-campaign.md has the list.
"""
