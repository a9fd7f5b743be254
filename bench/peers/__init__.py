"""The peers: one small server each, with databases on one PostgreSQL."""
