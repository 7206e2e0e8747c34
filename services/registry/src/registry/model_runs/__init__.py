"""Model runs: looked at, written as entries, told to provenance, marked when they are in the graph."""
