"""The simulated card, talked to by a terminal of the tests' own: neither the kiosk's code nor the card's."""
