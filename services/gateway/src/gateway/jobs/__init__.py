"""Every write is a job: a command sent, and the facts that settle it."""
