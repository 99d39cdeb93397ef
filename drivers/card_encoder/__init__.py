"""Drivers of this class, one folder per model. Their contract is drivers.contract.card_encoder."""
