"""Use cases: (caller, …) -> dataclass. Each checks ownership inside its queries."""
