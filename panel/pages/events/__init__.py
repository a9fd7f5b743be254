"""Events: the audit trail."""
