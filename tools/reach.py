"""What code a name of a module reaches: what it says, what that names, and so on; read without importing any of it.

What counts are definitions (functions, classes, values), not whole modules: who uses one function of a module is not
touched when another one changes. A class counts as a whole; that of an object is reached where it is made, or where an
annotation names it. Statements that define nothing, and definitions behind a decorator of the project (which may keep
them in a list), count for whoever reaches anything in their module.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from rooms import PACKAGES, modules

Place = tuple[str, str]
"""A module's dotted name and a name in it. With an empty name: the whole module where something is named, and its
statements that define nothing where something is found."""
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(slots=True)
class _Module:
    file: Path
    defined: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """Name -> the statements at the top level that give it a value."""
    always: list[ast.stmt] = field(default_factory=list)
    imported: dict[str, Place] = field(default_factory=dict)
    """Name -> what it stands for, wherever in the module it is imported."""


class Code:
    """The code of a checkout.

    Args:
        root: the checkout.
        left_out: name of a function or class -> its arguments, by name, that neither count nor are followed.
        ends: modules that do not count, nor what they use.
    """

    def __init__(self, root: Path, *, left_out: Mapping[str, Set[str]], ends: Set[str]) -> None:
        self.files = {name: file for name, file in modules(root).items() if name not in ends}
        self._left_out = left_out
        self._read: dict[str, _Module] = {}

    def reached(self, module: str, name: str) -> dict[Place, str]:
        """Every definition that a name reaches, its own included -> SHA-256 of what it says.

        Comments, docstrings, layout and the words of errors that are raised say nothing. Files that lie beside a module
        count with the definition that names them.

        Raises:
            KeyError: there is no such module.
        """
        found: dict[Place, str] = {}
        seen: set[Place] = set()
        waiting: list[Place] = [(module, name)]
        while waiting:
            place = waiting.pop()
            here = self._module(place[0])
            seen.add(place)
            for key, statements in _definitions(place, here):
                if key not in found:
                    bare = _Bare(self._left_out).visit(ast.Module(deepcopy(statements), []))
                    used = list(_used(key[0], here, bare))
                    found[key] = _sha256(here.file, bare, {one for one in used if not _is_ours(one)})
                    waiting += used
            waiting += self._elsewhere(place, here)
            waiting = [one for one in waiting if one not in seen and one[0] in self.files]
        return found

    def _elsewhere(self, place: Place, here: _Module) -> Iterator[Place]:
        """What a name stands for that its module does not define itself."""
        module, name = place
        if name in here.imported:
            yield here.imported[name]
        elif name and name not in here.defined:
            yield module, ""  # it comes about in a way that is not seen here

    def _module(self, name: str) -> _Module:
        if name not in self._read:
            self._read[name] = self._parse(self.files[name])
        return self._read[name]

    def _parse(self, file: Path) -> _Module:
        tree = ast.parse(file.read_text())
        module = _Module(file)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    module.imported[alias.asname or alias.name.partition(".")[0]] = alias.name, ""
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    target = (whole, "") if whole in self.files else (node.module or "", alias.name)
                    module.imported[alias.asname or alias.name] = target
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom) or _is_text(statement):
                continue
            given = set(_given(statement))
            for name in given:
                module.defined.setdefault(name, []).append(statement)
            if not given or self._may_be_kept(statement, module):
                module.always.append(statement)
        return module

    def _may_be_kept(self, statement: ast.stmt, module: _Module) -> bool:
        decorators = statement.decorator_list if isinstance(statement, _DEFINES) else []
        named = {node.id for one in decorators for node in ast.walk(one) if isinstance(node, ast.Name)}
        return any(name in module.defined or module.imported.get(name, ("",))[0] in self.files for name in named)


class _Bare(ast.NodeTransformer):
    """Takes out what says nothing to the machine."""

    def __init__(self, left_out: Mapping[str, Set[str]]) -> None:
        self._left_out = left_out

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_text(node) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and (left_out := self._left_out.get(node.func.id)):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in left_out]
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                part.value = ""
        return self.generic_visit(node)


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is nothing but a text: a docstring, of whatever."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _given(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top level gives a value."""
    if isinstance(statement, _DEFINES):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, _DEFINES):
            yield node.name


def _definitions(place: Place, here: _Module) -> Iterator[tuple[Place, list[ast.stmt]]]:
    module, name = place
    for each in [name] if name else here.defined:
        if each in here.defined:
            yield (module, each), here.defined[each]
    if here.always:
        yield (module, ""), here.always


def _used(module: str, here: _Module, node: ast.AST) -> Iterator[Place]:
    """What a piece of code names."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if here.imported.get(name, ("", "."))[1] == "":
            yield here.imported[name][0], attribute
            return
        case ast.Name(id=name) if name in here.defined:
            yield module, name
        case ast.Name(id=name) if name in here.imported:
            yield here.imported[name]
    for child in ast.iter_child_nodes(node):
        yield from _used(module, here, child)


def _is_ours(place: Place) -> bool:
    return place[0].partition(".")[0] in PACKAGES


def _sha256(file: Path, code: ast.AST, foreign: Set[Place]) -> str:
    """Of code, of what it means by the names of other packages, and of the files that it reads."""
    digest = hashlib.sha256(f"{ast.dump(code)} {sorted(foreign)}".encode())
    for beside in _files_named(file.parent, code):
        digest.update(beside.read_bytes())
    return digest.hexdigest()


def _files_named(folder: Path, code: ast.AST) -> Iterator[Path]:
    """The files that code reads from beside its module: it says `__file__`, and what they, or their folder, are
    called."""
    nodes = list(ast.walk(code))
    if not any(isinstance(node, ast.Name) and node.id == "__file__" for node in nodes):
        return
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            named = folder / node.value
            yield from [named] if named.is_file() else sorted(path for path in named.rglob("*") if path.is_file())
