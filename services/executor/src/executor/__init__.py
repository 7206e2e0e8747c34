"""Runs workflows and says what happened."""
