"""How often anybody may do anything."""
