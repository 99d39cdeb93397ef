"""A simulated office: the real rooms of kioskd, byte-level devices, a centre and people, in one loop and virtual time.

May import kiosk (it is what is on trial) and every other room of sim but workbench and launcher. Reaches drivers only
as the kiosk does, through its profile.
"""
