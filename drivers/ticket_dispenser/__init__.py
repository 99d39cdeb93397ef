"""Drivers of this class, one folder per model. Their contract is drivers.contract.ticket_dispenser."""
