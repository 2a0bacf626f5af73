"""One serializer file per noun."""
