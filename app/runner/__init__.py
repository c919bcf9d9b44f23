"""The embedded CI: runs the jobs of the settings in a clean worktree, and keeps what came of it."""
