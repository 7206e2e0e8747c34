"""Where things come from and where they went."""
