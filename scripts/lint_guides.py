"""Looks for what the style forbids and ruff does not see. Prints each place; exit 1 where one is.

Rules:
    hasattr: asks for an attribute in place of a type; ``isinstance`` is followed by mypy.
    concrete-input: a parameter is a ``list``, ``dict`` or ``set``; take an abstract type, such as
        ``Sequence``, ``Mapping`` or ``Collection``, so that callers may pass what they have.
    abstract-return: a function gives back a ``Sequence``, ``Mapping`` or the like; say which type
        it is, so that callers know what they have. Iterators say enough.

A line that must break a rule names it with the reason: ``# guide: RULE - REASON``.
WSGI's ``Iterable[bytes]`` may be returned anywhere.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

HASATTR = "hasattr"
CONCRETE_INPUT = "concrete-input"
ABSTRACT_RETURN = "abstract-return"
RULES: Mapping[str, str] = {
    HASATTR: "hasattr() says nothing to mypy: use isinstance()",
    CONCRETE_INPUT: "takes a concrete collection: take Sequence, Mapping or the like",
    ABSTRACT_RETURN: "returns an abstract collection: say which type it is",
}
CONCRETE = frozenset({"list", "dict", "set"})
ABSTRACT = frozenset(
    {
        *("Collection", "Container", "Iterable", "Mapping", "MutableMapping"),
        *("MutableSequence", "MutableSet", "Sequence", "Set", "AbstractSet"),
    }
)
WSGI_BODY = "Iterable[bytes]"
EXCEPTION = re.compile(r"#\s*guide: (?P<rule>[a-z-]+)(?: - (?P<reason>\S.*))?")
GENERATED = re.compile(r"_pb2\.pyi?$|_connect\.py$|/migrations/")
ROOTS = ("src", "scripts", "packages/*/*_*")

type Function = ast.FunctionDef | ast.AsyncFunctionDef
type Found = tuple[int, str]


def members(annotation: ast.expr | None) -> Iterator[ast.expr]:
    """The members of an annotation that is a union, else itself; a quoted one is read."""
    match annotation:
        case None:
            return
        case ast.Constant(value=str() as text):
            yield from members(ast.parse(text, mode="eval").body)
        case ast.BinOp(left=left, right=right):
            yield from members(left)
            yield from members(right)
        case _:
            yield annotation


def head(annotation: ast.expr) -> str:
    """The name of a type without its module and its arguments; empty for what has none."""
    match annotation:
        case ast.Subscript(value=value):
            return head(value)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def broken_by_function(function: Function) -> Iterator[Found]:
    """The (line, rule) pairs of a function's signature."""
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if any(head(member) in CONCRETE for member in members(argument.annotation)):
            yield argument.lineno, CONCRETE_INPUT
    for member in members(function.returns):
        if head(member) in ABSTRACT and ast.unparse(member) != WSGI_BODY:
            yield member.lineno, ABSTRACT_RETURN


def broken(tree: ast.AST) -> Iterator[Found]:
    """The (line, rule) pairs of a module, exceptions included."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from broken_by_function(node)
            case ast.Call(func=ast.Name(id="hasattr")):
                yield node.lineno, HASATTR


def exceptions(text: str) -> Iterator[tuple[int, str, str]]:
    """The (line, rule, reason) of every comment that asks for an exception."""
    for number, line in enumerate(text.splitlines(), start=1):
        if asked := EXCEPTION.search(line):
            yield number, asked["rule"], asked["reason"] or ""


def faults(text: str) -> list[tuple[int, str]]:
    """The (line, fault) pairs of a module's text, in the order of its lines."""
    found = set(broken(ast.parse(text)))
    excepted: set[Found] = set()
    wrong: list[tuple[int, str]] = []
    for number, rule, reason in exceptions(text):
        excepted.add((number, rule))
        if (number, rule) not in found:
            wrong.append((number, f"{rule}: nothing here breaks it: remove the comment"))
        elif not reason:
            wrong.append((number, f"{rule}: an exception needs a reason, after ` - `"))
    wrong += [(number, f"{rule}: {RULES[rule]}") for number, rule in found - excepted]
    return sorted(wrong)


def sources(top: Path) -> list[Path]:
    """Every module that the rules hold for."""
    found = {path for root in ROOTS for folder in top.glob(root) for path in folder.rglob("*.py")}
    return sorted(path for path in found if not GENERATED.search(str(path)))


def main() -> int:
    """Checks the checkout that holds this script."""
    top = Path(__file__).resolve().parent.parent
    found = [
        f"{path.relative_to(top)}:{number}: {fault}"
        for path in sources(top)
        for number, fault in faults(path.read_text(encoding="utf-8"))
    ]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
