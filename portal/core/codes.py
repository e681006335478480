"""Code lists: data with a name, a source and an order, kept in TOML files.

A file has `urn`, `title`, `source` and, in the order in which people should find them, one
`[[codes]]` table for each code: `code`, `label` and whatever more that list needs to say.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

SHIPPED = Path(__file__).parents[1] / "codes"


class CodeListError(ValueError):
    """A file that is no code list; names the file and, where there is one, the code."""

    def __init__(self, path: Path, what: str, code: object = None) -> None:
        where = f"{path}" if code is None else f"{path}, code {code!r}"
        super().__init__(f"{where}: {what}")


@dataclass(frozen=True, slots=True)
class Code:
    """One code; its further columns are read as items: `code["region"]`."""

    code: str
    label: str
    more: Mapping[str, Any] = field(hash=False)

    def __getitem__(self, column: str) -> Any:
        """Return a further column.

        Raises `KeyError` for a column that the list does not have.
        """
        return self.more[column]


class CodeList(Mapping[str, Code]):
    """Codes by their code, in the order of the file; read-only."""

    def __init__(self, codes: Iterable[Code], *, urn: str, title: str, source: str) -> None:
        self._codes = {each.code: each for each in codes}
        self.urn, self.title, self.source = urn, title, source

    def __getitem__(self, code: str) -> Code:
        """Return one code; raises `KeyError` for one that the list does not have."""
        return self._codes[code]

    def __iter__(self) -> Iterator[str]:
        """Walk the codes in the order of the file."""
        return iter(self._codes)

    def __len__(self) -> int:
        """Count the codes."""
        return len(self._codes)

    def choices(self) -> dict[str, str]:
        """Return code -> label, as a choice in a form wants it."""
        return {each.code: each.label for each in self.values()}

    def label(self, code: str) -> str:
        """Return the label, or the code itself where the list no longer knows it."""
        return self._codes[code].label if code in self._codes else code


_own_folder: Path | None = None


def use_folder(folder: Path | None) -> None:
    """Let files of this folder replace the shipped lists from now on."""
    global _own_folder  # noqa: PLW0603 - one installation has one folder of its own lists
    _own_folder = folder


def load(name: str, folder: Path | None = None) -> CodeList:
    """Read a list once; a file `<name>.toml` in `folder` replaces the shipped one whole.

    folder : the folder of `use_folder` unless given.

    A file that replaces another must fill the same columns, for the pages rely on them.
    Raises `CodeListError`, a `ValueError`, when a file is malformed.
    """
    return _load(name, folder or _own_folder)


@cache
def _load(name: str, folder: Path | None) -> CodeList:
    shipped = _read(SHIPPED / f"{name}.toml")
    if folder is None or not (path := folder / f"{name}.toml").is_file():
        return shipped
    own = _read(path)
    _check_columns(path, own, shipped)
    return own


def _read(path: Path) -> CodeList:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:  # neither TOML's nor UTF-8's own message names the file
        raise CodeListError(path, str(error)) from error
    for key in ("urn", "title", "source"):
        if not _is_text(data.get(key)):
            raise CodeListError(path, f"{key} is missing, or is no text in quotes")
    rows = data.get("codes")
    if not isinstance(rows, list) or not rows:
        raise CodeListError(path, "has no [[codes]]")
    codes: dict[str, Code] = {}
    for place, row in enumerate(rows, 1):
        each = _code(path, place, row)
        if each.code in codes:
            raise CodeListError(path, "is there twice", each.code)
        codes[each.code] = each
    return CodeList(codes.values(), urn=data["urn"], title=data["title"], source=data["source"])


def _code(path: Path, place: int, row: object) -> Code:
    more = dict(row) if isinstance(row, dict) else {}
    code, label = more.pop("code", None), more.pop("label", None)
    if not _is_text(code):
        raise CodeListError(path, f"[[codes]] number {place} has no code in quotes")
    if not _is_text(label):
        raise CodeListError(path, "label is missing, or is no text in quotes", code)
    # Cached and shared by every thread: nobody may change a list in place.
    columns = {key: tuple(v) if isinstance(v, list) else v for key, v in more.items()}
    return Code(code, label, MappingProxyType(columns))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and value == value.strip()


def _check_columns(path: Path, own: CodeList, shipped: CodeList) -> None:
    for column, example in next(iter(shipped.values())).more.items():
        for each in own.values():
            if type(each.more.get(column)) is not type(example):
                what = f"needs a column {column!r} as the shipped list has, like {example!r}"
                raise CodeListError(path, what, each.code)
