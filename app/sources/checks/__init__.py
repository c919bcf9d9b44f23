"""Results of data and model checks: one format a module, and where their files are fetched from."""
