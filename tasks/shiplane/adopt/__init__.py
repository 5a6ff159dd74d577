"""What other tools published, taken into the ledger."""
