"""Registered things: workflows first."""
