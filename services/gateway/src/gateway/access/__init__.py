"""Who asks: tokens, the small issuer of our own, what claims mean."""
