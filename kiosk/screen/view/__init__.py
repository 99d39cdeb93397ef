"""Kivy: draws a ScreenModel and emits action ids. Holds no decisions. The only package, with `runner`, that knows Kivy.

Importing kivy.core.window opens the window, so nothing here may be imported before `kiosk.screen.kivy_setup` has run.
"""
