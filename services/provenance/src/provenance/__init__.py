"""Provenance: the ledger of what was said, the graph it makes, and what may be asked of it."""
