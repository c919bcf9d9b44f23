"""The record of promotions for somebody who was not there: read it, take it along, check it without a server.

`books` reads the ledger of an alias beside what was seen of the alias, `chain` says whether its entries hold together.
`bundle` writes a folder that Git and ssh-keygen can check alone; `verify` checks one, and believes nothing in it that
is not proven by what stands beside it.
"""

from __future__ import annotations
