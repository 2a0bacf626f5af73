#!/usr/bin/env bash
# Generates the Python code of the protos for the server and for the client package.
# The protos are compiled under their registered names (sentry/integrations/scm/v1/*.proto); the
# output is laid flat into both packages and its imports are made relative. Both copies have
# byte-identical descriptors, so that they share their message classes in one process.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
command -v "$python" >/dev/null || { echo "generate_grpc: run 'make setup' first" >&2; exit 2; }
bin=$("$python" -c 'import os, sys; print(os.path.dirname(sys.executable))')
registered=sentry/integrations/scm/v1
server=src/sentry/integrations/grpc/generated
client=packages/sentry-scm-client/sentry_scm_client

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/out" "$server" "$client"
PYTHON="$python" scripts/export_protos.sh "$tree/in"

PATH="$bin:$PATH" "$python" -m grpc_tools.protoc -I"$tree/in" \
  --python_out="$tree/out" --mypy_out=quiet:"$tree/out" \
  --connectrpc_out="$tree/out" --connectrpc_opt=protobuf=google \
  "$tree/in/$registered"/{options,scm}.proto

flat="$tree/out/$registered"
sed -i.orig -E "s/^from ${registered//\//\\.} import /from . import /" "$flat"/*_pb2.py "$flat"/*_pb2.pyi
for target in "$server" "$client"; do
  cp "$flat"/{options,scm}_pb2.{py,pyi} "$target/"
done
cp "$flat"/scm_connect.py "$server/"
echo "generated: $server and $client"
