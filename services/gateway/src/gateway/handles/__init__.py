"""Handles on their own: names that stand for an address or a description."""
