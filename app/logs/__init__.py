"""What stands in a job's log: lines, colours, sections, steps, errors. Pure functions."""
