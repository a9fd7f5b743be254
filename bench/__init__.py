"""How fast Gatehouse is beside its peers, measured on the machine at hand: `make bench`."""
