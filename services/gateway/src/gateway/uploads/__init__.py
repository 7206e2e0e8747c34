"""Files sent ahead of the runs that take them."""
