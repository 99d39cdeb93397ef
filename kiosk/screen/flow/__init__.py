"""What the screen does: a pure state machine. No Kivy, no clock, no network.

`step(screen, event)` gives what the screen knows afterwards and the effects to carry out. Timers are events like any
other. Everything that belongs to one resident lives in `page` and is dropped with it; only the language outlives a
page, and that is reset on the way back to the idle page.
"""
