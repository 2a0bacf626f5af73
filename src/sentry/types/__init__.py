"""Small value types that every layer may use."""
