"""The beginning of a model's folder: everything a model needs but the model, and nothing that pretends to be one."""

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any

import yaml

from modellab.errors import ModelConfigError, UsageError
from modellab.files import write_atomic
from modellab.names import one_of
from modellab.registry.config import ModelConfig
from modellab.registry.places import CONFIG, VARIABLE
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import Lab
from modellab.surfaces import contracts
from modellab.surfaces.of_texts import TEXT_SURFACES

_ADAPTER = '''"""WHAT IT IS, by WHOM: https://..."""

{imports}


class Model:
    """{says}"""

{methods}

def load(request: LoadRequest) -> Model:
    """Load it: `request.weights` is the folder of its files, `request.facts` the device and threads to use."""
    raise ModelUnavailable(
        "the adapter of model {id} is not written yet",
        hint="Write `load` and the methods of `Model` in its adapter.py, then: modellab models onboard {id}",
    )
'''
_PACKAGE = "package-of-the-model"
"""Installed nowhere, so that lists say of an unwritten model that it does not run."""
_README = """# {id}

WHAT IT IS, by WHOM: <https://...>. Licence: OF THE CODE (code), OF THE WEIGHTS (weights).

| | |
|---|---|
| weights | WHERE THEY COME FROM; SHA-256 |
| runs on | CPU |
| input | WHAT IT TAKES |
"""
_TEST = '''"""{id}: the real model keeps what its surfaces promise."""

from modellab.conformance.examination import examine
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab


def test_it_answers_all_questions_right() -> None:
    registry = ModelRegistry()
    _, ref = registry.resolve("{id}")
    with Models(Lab.from_environment(), registry) as models:
        found = examine(models, ref)
    assert [answer for answer in found.answers if not answer.passed] == []
'''


def place_for(lab: Lab, into: Path | None) -> Path:
    """The folder of models that a new one goes into: the one that is named, the first of `MODELLAB_MODELS`, or else
    the checkout's."""
    if into is not None:
        return into.expanduser().absolute()
    return next(iter(lab.settings.models), MODELS)


def scaffold(registry: ModelRegistry, place: Path, model_id: str, surface: str) -> list[Path]:
    """Write the folder of a new model; gives its files.

    Raises:
        UnknownName: there is no such surface.
        UsageError: a model of that id, or a folder of that name, is there already.
        ModelConfigError: the id is none.
    """
    one_of("surface", surface, contracts.CONTRACTS)
    folder = place / model_id
    if registry.knows(model_id) or folder.exists():
        where = registry.folder(model_id) if model_id in registry.ids() else folder
        raise UsageError(f"there is a model {model_id} already", found=str(where), hint="Give the new one another id.")
    config = _config(model_id, surface)
    try:
        ModelConfig.model_validate(config)
    except ValueError as error:
        hint = "Small letters, digits and _, a letter first: it is the name of a Python package too."
        raise ModelConfigError(f"{model_id!r} is no id of a model", hint=hint) from error
    files = {
        CONFIG: yaml.safe_dump(config, sort_keys=False),
        "claims.yaml": "claims: []\n",
        "README.md": _README.format(id=model_id),
        "__init__.py": "",
        "adapter.py": adapter(model_id, surface),
        f"test_{model_id}.py": _TEST.format(id=model_id),
    }
    written = [folder / name for name in files]
    for path, text in zip(written, files.values(), strict=True):
        write_atomic(path, text)
    return written


def adapter(model_id: str, surface: str) -> str:
    """The text of an adapter whose model has the methods of a surface's contract, none of them written."""
    contract = contracts.CONTRACTS[surface]
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(contract))).body
    assert isinstance(tree, ast.ClassDef)
    methods = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for method in methods:
        said = ast.get_docstring(method)
        method.body = [
            *([ast.Expr(ast.Constant(said))] if said else []),
            ast.Raise(ast.Call(ast.Name("NotImplementedError"), [], [])),
        ]
    text = "\n\n".join(textwrap.indent(ast.unparse(ast.fix_missing_locations(one)), "    ") for one in methods)
    names = {node.id for one in methods for node in ast.walk(one) if isinstance(node, ast.Name)}
    says = (ast.get_docstring(tree) or "").splitlines()[0]
    return _ADAPTER.format(id=model_id, says=says, methods=text + "\n", imports=_imports(names))


def _imports(names: set[str]) -> str:
    wanted: dict[str, set[str]] = {"modellab.errors": {"ModelUnavailable"}, "modellab.registry.loaded": {"LoadRequest"}}
    for name in names:
        value = getattr(contracts, name, None)
        if value is None:
            continue  # a builtin
        home = getattr(value, "__module__", "") if inspect.isclass(value) else ""
        alias = name in ("Any", "Callable", "Iterator", "Mapping", "Sequence")
        home = ("typing" if name == "Any" else "collections.abc") if alias else home or contracts.__name__
        wanted.setdefault(home, set()).add(name)
    lines = [f"from {home} import {', '.join(sorted(those))}" for home, those in sorted(wanted.items())]
    ours = [line for line in lines if line.startswith("from modellab")]
    return "\n".join([*(line for line in lines if line not in ours), *([""] if len(ours) < len(lines) else []), *ours])


def _config(model_id: str, surface: str) -> dict[str, Any]:
    sound = {} if surface in TEXT_SURFACES else {"sample_rate_hz": 16_000}
    return {
        "id": model_id,
        "name": model_id,
        "description": "WHAT IT IS, IN A SENTENCE.",
        "surfaces": [surface],
        "runtime": "native",
        "package": _PACKAGE,
        "devices": ["cpu"],
        "compute_types": {"cpu": "float32"},
        "status": "experimental",
        "ci": False,
        "licence": "NOT STATED YET",
        "languages": ["*"],
        **sound,
        "memory_mib": 100,
        "default_variant": "one",
        "variants": {"one": {"description": "WHICH WEIGHTS"}},
    }


def unwritten(folder: Path) -> list[str]:
    """What of a folder is still as `scaffold` wrote it, file by file."""
    marks = {
        CONFIG: (_PACKAGE, "WHAT IT IS", "NOT STATED YET", "WHICH WEIGHTS"),
        "README.md": ("WHAT IT IS", "WHERE THEY COME FROM", "OF THE CODE"),
        "adapter.py": ("raise NotImplementedError", "is not written yet"),
    }
    found = []
    for name, words in marks.items():
        text = (folder / name).read_text(encoding="utf-8") if (folder / name).is_file() else ""
        found += [f"{name}: {word}" for word in words if word in text]
    return found


def outside_of(registry: ModelRegistry, place: Path) -> str | None:
    """What makes the models of a folder known, where nothing does yet."""
    known = {one.folder.resolve() for one in registry.places}
    return None if place.resolve() in known else f"export {VARIABLE}={place}"
