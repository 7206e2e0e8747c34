"""Real servers on this machine, without containers: for tests, benchmarks and a look at what production stands on."""
