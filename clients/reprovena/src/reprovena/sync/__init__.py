"""The client for programs that wait. Made from `reprovena.aio`, but for `hands`."""
