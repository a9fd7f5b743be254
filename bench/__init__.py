"""Benchmarks of Gatehouse and its peers on this machine: `make bench`."""
