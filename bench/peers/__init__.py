"""What we are measured against: one small server each, on databases of one PostgreSQL."""
