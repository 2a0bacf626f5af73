"""The REST door: it parses, calls an action and renders. It knows no model and no provider."""
