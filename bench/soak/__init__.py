"""A gateway under mixed load for as long as wanted, with what goes wrong around it; and whether it grows."""
