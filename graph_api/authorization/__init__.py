"""Rules, the decision over a document, and the guards. Knows no table and no HTTP."""
