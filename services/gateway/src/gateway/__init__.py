"""The door: HTTP, jobs, identity."""
