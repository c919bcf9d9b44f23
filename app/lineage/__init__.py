"""What a thing came from and what came of it: commit, data, run, model, version, alias, pipeline and checks."""
