"""DOOR 1: the SCM service over gRPC-Web and Connect."""
