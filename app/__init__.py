"""The headless core, and at its top the two modules that start everything."""
