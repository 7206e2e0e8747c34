"""Records: what one source says as a whole, and how it is kept, mapped, written and drawn."""
