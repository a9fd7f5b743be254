"""The test rig: servers as processes, their seeded databases, and the load generator."""
