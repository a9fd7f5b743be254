"""Set-up: the steps to a deployment that lasts."""
