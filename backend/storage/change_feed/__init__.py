"""How a process learns of changes that other processes made."""
