"""What only PostgreSQL needs: connections that fail over, advisory locks, trigram indexes."""
