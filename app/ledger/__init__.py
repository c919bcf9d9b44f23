"""What a team writes down of promotions in its Git repository: names of refs, tag objects, signatures.

Plans, approvals, waivers and the entries of the ledger are annotated tags whose message holds JSON, signed the way Git
signs tags where whoever made them has a signing key. This room turns them into records and back; who may do what, and
the order in which it is done, is the matter of `promotion/`.
"""
