"""Execution: documents, their limits, and how an operation is run. Knows no table and no HTTP."""
