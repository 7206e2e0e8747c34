"""The shapes of older platforms, at the edge only: what is behind knows none of them."""
