"""Requests that carry a key: done once, answered alike."""
