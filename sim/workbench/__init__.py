"""The developer's workbench: a web page with the live touchscreen, the paper, the cards, and every fault as a button.

Beneath the page lies a JSON API (`app`), which tests and the demo use in place of hands; `bench` is what it works on,
`mirror` the screen in it. May import kiosk.api and nothing else of kiosk.
"""
