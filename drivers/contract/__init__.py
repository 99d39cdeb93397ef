"""What every device is: its words, errors, status snapshot, and one contract per device class.

Imports nothing of ours. Everybody may import it.
"""
