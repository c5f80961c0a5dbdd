"""How good a trained network is, and the ledger of what was measured."""
