"""kioskd: puts the rooms together and offers one HTTP API on a Unix socket.

May import every room of kiosk but its clients (screen, diagnostics).
"""
