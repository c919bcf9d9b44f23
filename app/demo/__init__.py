"""Builds the demo world: a real repository, a real MLflow store, and a trainer that goes on logging."""
