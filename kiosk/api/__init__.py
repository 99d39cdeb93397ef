"""The words between kioskd and its clients: messages (pydantic) and one typed client. Imports nothing of ours.

Everybody may import it; the screen and the serial console may import nothing else of ours.
"""
