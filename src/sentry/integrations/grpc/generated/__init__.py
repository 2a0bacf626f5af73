"""Code generated from the protos by scripts/generate_grpc.sh."""
