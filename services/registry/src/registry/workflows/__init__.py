"""Registered workflows: their rules, their rows, and the check that each passes before it is there."""
