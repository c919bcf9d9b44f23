"""Reusable pieces of the screen. They know records at most: no cache, no settings, no network."""
