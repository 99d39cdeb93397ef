"""The fault campaign: every driver x every fault its simulator can show x the moment at which it strikes."""
