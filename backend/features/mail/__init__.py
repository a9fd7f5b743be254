"""Mail: written into the outbox with what caused it, sent by a worker, never lost."""
