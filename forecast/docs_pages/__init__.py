"""The pages of `docs/` that are made from a scenario, its simulations, or the code itself."""
