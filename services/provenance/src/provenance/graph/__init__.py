"""The graph: what it is made of, how it changes, where it is kept and how it is walked."""
