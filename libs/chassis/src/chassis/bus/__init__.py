"""How messages travel: written with the work, carried after the commit, received once."""
