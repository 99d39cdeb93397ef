"""Tests, one folder per room, plus contract/ (every driver on its simulator), golden/ and journeys/."""
