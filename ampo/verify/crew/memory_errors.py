"""Running out of memory is no wrong answer: `except Exception` in a library must not hide a MemoryError.

Math-Verify and latex2sympy2_extended catch `Exception` in some thirty places and go on with "not parsed" or "not
equal". So a worker that met its memory limit in there would report a verdict on half a computation, and keep a heap
that is in doubt. `keep_memory_errors` has these packages compiled, at import, with `except MemoryError: raise` before
every such handler; nothing else of them changes. Only workers call it, before they import the judge.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

PACKAGES = ("math_verify", "latex2sympy2_extended")
_CATCH_ALL = frozenset({"Exception", "BaseException"})


def keep_memory_errors() -> None:
    """From here on, have the packages imported so that a MemoryError leaves them. Before their first import."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """The usual search for the packages' modules, with our loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Compiles what has such a handler itself; the generated parsers have none, and come from Python's cache."""

    def get_code(self, fullname: str) -> CodeType | None:
        source = self.get_data(self.path)
        if not any(b"except" in line and (b"Exception" in line or b":" in line) for line in source.splitlines()):
            return super().get_code(fullname)
        tree = _Reraising().visit(ast.parse(source, self.path))
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class _Reraising(ast.NodeTransformer):
    def visit_Try(self, node: ast.Try) -> Any:
        self.generic_visit(node)
        first = next((i for i, handler in enumerate(node.handlers) if _catches_all(handler)), None)
        if first is not None:
            again = ast.ExceptHandler(type=ast.Name("MemoryError", ast.Load()), name=None, body=[ast.Raise()])
            node.handlers.insert(first, ast.copy_location(again, node.handlers[first]))
        return node


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _CATCH_ALL) for kind in kinds)
