"""One module a screen, its style sheet beside it. Screens read the cache and nothing else."""
