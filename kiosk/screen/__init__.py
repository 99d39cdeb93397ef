"""The touchscreen: what a resident sees and touches. A client of kioskd like any other; it decides nothing about cards.

    flow      pure state machine: (what the screen knows, event) -> (what it knows then, effects)
    present/  pure: what the screen knows -> ScreenModel (title, text, ordered actions, spoken text)
    catalogue every text, one language per file
    view/     Kivy: draws a ScreenModel, emits action ids; holds no decisions
    runner    the on-demand loop: asleep until a touch or a message
    mirror    shows the frames to the developer's workbench and takes touches from it
    app       puts them together

May import, of ours: kiosk.api, kiosk.clock, kiosk.fonts. `flow` and `present` know no Kivy.
"""
