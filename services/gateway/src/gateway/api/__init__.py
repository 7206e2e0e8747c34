"""The platform's own API, `/v1`."""
