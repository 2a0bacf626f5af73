"""Checks the generated code against the protos, and the protos against what was published.

Three checks: generating anew changes no file; the server's and the client's copies are the same
bytes; every field, enum value and method of ``published_fields.json`` still has its number and
type. Growth is allowed, change is not.
"""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

from sentry.integrations.grpc.generated import scm_pb2

TOP = Path(__file__).resolve().parent.parent
SERVER = Path("src/sentry/integrations/grpc/generated")
CLIENT = Path("packages/sentry-scm-client/sentry_scm_client")
PROTOS = Path("src/sentry/integrations/grpc/protos")
SHARED_FILES = [f"{stem}_pb2.{kind}" for stem in ("options", "scm") for kind in ("py", "pyi")]
PUBLISHED = Path(__file__).with_name("published_fields.json")

# descriptor.proto's FieldDescriptorProto.Type, without groups, messages and enums.
SCALARS: dict[int, str] = {
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_FIXED64: "fixed64",
    FieldDescriptor.TYPE_FIXED32: "fixed32",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_SFIXED32: "sfixed32",
    FieldDescriptor.TYPE_SFIXED64: "sfixed64",
    FieldDescriptor.TYPE_SINT32: "sint32",
    FieldDescriptor.TYPE_SINT64: "sint64",
}

type Shape = dict[str, dict[str, str]]


def generated_anew(tree: Path) -> None:
    """Runs the generator in a copy of what it reads and writes."""
    for folder in (PROTOS, SERVER, CLIENT):
        (tree / folder).mkdir(parents=True)
    for proto in (TOP / PROTOS).glob("*.proto"):
        shutil.copy(proto, tree / PROTOS)
    (tree / "scripts").mkdir()
    for name in ("export_protos.sh", "generate_grpc.sh"):
        shutil.copy(TOP / "scripts" / name, tree / "scripts")
    script = tree / "scripts/generate_grpc.sh"
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run(["bash", script], check=True, stdout=subprocess.DEVNULL, env=environment)


def stale_files() -> Iterator[str]:
    """The generated files that differ from what the protos give now."""
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        generated_anew(tree)
        for folder, files in ((SERVER, [*SHARED_FILES, "scm_connect.py"]), (CLIENT, SHARED_FILES)):
            for file in files:
                if not filecmp.cmp(tree / folder / file, TOP / folder / file, shallow=False):
                    yield f"{folder / file} is stale: run scripts/generate_grpc.sh"


def differing_copies() -> Iterator[str]:
    """The files that server and client do not hold alike."""
    for file in SHARED_FILES:
        if not filecmp.cmp(TOP / SERVER / file, TOP / CLIENT / file, shallow=False):
            yield f"{file} differs between the server and the client"


def field_type(field: FieldDescriptor) -> str:
    """A field's type as text: ``repeated int64``, or the full name of its message or enum."""
    target = field.message_type or field.enum_type
    name = target.full_name if target else SCALARS[field.type]
    return f"repeated {name}" if field.is_repeated else name


def message_shape(message: Descriptor) -> dict[str, str]:
    """Every field of a message: name to ``number type``."""
    return {field.name: f"{field.number} {field_type(field)}" for field in message.fields}


def shape(file: FileDescriptor) -> Shape:
    """What a proto file publishes: messages, map entries, enums and services by name."""
    published: Shape = {}
    for message in file.message_types_by_name.values():
        for each in (message, *message.nested_types):
            published[f"message {each.full_name}"] = message_shape(each)
    for enum in file.enum_types_by_name.values():
        published[f"enum {enum.full_name}"] = {
            value.name: str(value.number) for value in enum.values
        }
    for service in file.services_by_name.values():
        published[f"service {service.full_name}"] = {
            method.name: f"{method.input_type.full_name} -> {method.output_type.full_name}"
            for method in service.methods
        }
    return published


def changed(before: Shape, now: Shape) -> Iterator[str]:
    """What was published and is now gone or different."""
    for name, members in before.items():
        for member, meaning in members.items():
            found = now.get(name, {}).get(member)
            if found != meaning:
                yield f"{name}: {member} was published as {meaning!r}, is now {found!r}"


def main() -> int:
    """Runs the three checks; prints what is wrong."""
    published: Shape = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    found = [*differing_copies(), *stale_files(), *changed(published, shape(scm_pb2.DESCRIPTOR))]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
