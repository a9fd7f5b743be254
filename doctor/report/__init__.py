"""Reports: a table for people, JSON for programs, JUnit XML for CI."""
