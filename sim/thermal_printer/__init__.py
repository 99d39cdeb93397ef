"""Simulated receipt printers. They know the bytes that reach them and the paper; nothing of the driver that sends."""
