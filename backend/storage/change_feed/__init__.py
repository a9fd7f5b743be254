"""How a process hears of changes that other processes make."""
