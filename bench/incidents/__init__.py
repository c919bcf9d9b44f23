"""Incidents that are made of real parts, and how well what the program says of their cause holds.

Each world is a team's project with a story: a Git repository, an MLflow store, results of checks, records of pipelines,
series of production, Terraform's files. Something breaks, somebody did it, and others did other things about the same
time. The story is played step by step, and between the steps `quarterdeck sync` looks as it would have looked. Then
`quarterdeck triage` is asked for the cause, and its answer is held against what the story says.

Nothing in here imports or reads how the program ranks: the truth of each world is written down with its story.

The worlds are two sets. The first one (worlds_...) was known while the ranking was made. The second one (held_...) was
written down by somebody who did not know it, and asked for the first time when all of it stood. Once a ranking has been
made after looking at how a set came out, its figures say what was learnt from it, and no more what is to be expected.
"""
