"""What needs attention, and what may have caused it: signals, their grouping, suspects and the way back.

Written rules over what the cache knows; no model, no network, and the clock is passed in: the same cache gives the same
answer. docs/triage.md says the rules in words.
"""
