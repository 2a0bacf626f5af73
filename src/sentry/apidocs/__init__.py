"""The description of the REST interface as a document."""
