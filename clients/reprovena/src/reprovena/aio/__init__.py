"""The client for asynchronous programs. `reprovena.sync` is made from this package: `make client`."""
