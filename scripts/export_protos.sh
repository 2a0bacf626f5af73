#!/usr/bin/env bash
# Copies the service's protos, and what they import, under the names that they are registered by:
# what a code generator of another language wants. scripts/export_protos.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: scripts/export_protos.sh FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
command -v "$python" >/dev/null || { echo "export_protos: run 'make setup' first" >&2; exit 2; }
common=$("$python" -c 'import os; from google.rpc import status_pb2; print(os.path.abspath(os.path.join(status_pb2.__file__, "../../..")))')
registered=sentry/integrations/scm/v1

mkdir -p "$1/$registered" "$1/google/rpc"
cp "$here"/src/sentry/integrations/grpc/protos/{options,scm}.proto "$1/$registered/"
cp "$common/google/rpc/status.proto" "$1/google/rpc/"
