"""What every room uses: errors, progress events, redaction, strict JSON. Knows nothing of the product."""
