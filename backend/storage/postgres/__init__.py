"""What only PostgreSQL needs: failover of connections, advisory locks, trigram indexes."""
