"""JUnit XML, as many tools write it, to a CaseReport."""
