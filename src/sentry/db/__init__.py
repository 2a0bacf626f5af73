"""What models are made of: fields and base classes."""
