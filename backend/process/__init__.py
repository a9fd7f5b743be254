"""Tuning of the process: processors, garbage collection, hashing threads, output and exit."""
