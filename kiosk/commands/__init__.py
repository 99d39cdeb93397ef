"""The `kiosk <command>` words, one file for each group. Only `kiosk/cli.py`, which joins them, imports them."""
