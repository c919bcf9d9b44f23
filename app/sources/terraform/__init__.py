"""Stacks of Terraform and OpenTofu, by what these tools write as JSON. No value of any attribute is ever read.

A plan and a state hold passwords in clear text, in up to nineteen places each. So this is an allow-list: addresses,
types, providers, what would be done and why, and the names of attributes of the top level, which a provider's schema
has. Names below that are keys of maps, and what people wrote.
"""
