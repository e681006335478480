"""Data sheets that people send: PDF and nothing else, with a name that hides nothing."""

import re
import unicodedata

#: What makes a PDF do something, or carry another file. What is hidden inside its compressed
#: parts is left to the scanner, and to the program that opens it.
_ACTIVE = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|GoToE|GoToR|SubmitForm|ImportData)"
    rb"(?![A-Za-z0-9])"
)
_STREAM = re.compile(rb"stream\r?\n.*?endstream", re.DOTALL)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_BLANK = b"\0\t\n\x0c\r "


class SheetError(ValueError):
    """A file that is not taken as a data sheet; says so in words for people."""


def is_pdf(data: bytes) -> bool:
    """Return whether a file says that it is a PDF, at its very beginning."""
    return data.startswith(b"%PDF-")


def check_pdf(data: bytes) -> None:
    """Refuse a PDF that is something else beside, or that does things; raises SheetError."""
    body, end, rest = data.rpartition(b"%%EOF")
    if not end or rest.strip(_BLANK):
        raise SheetError(
            "This PDF is not complete, or has something behind its end. Save it as PDF again."
        )
    written = _STREAM.sub(b"stream", body)  # in compressed data any letters come up by chance
    if _ACTIVE.search(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), written)):
        raise SheetError(
            "This PDF runs a program or carries other files. Print it to a new PDF: send that."
        )


def stem_of(filename: str | None, most: int) -> str:
    """Return the name of a file as it is kept: no folder, no extension, nothing unseen."""
    name = re.split(r"[/\\]", filename or "")[-1]
    name = unicodedata.normalize("NFC", name)
    seen = "".join(it if _is_seen(it) else " " for it in name)
    stem = seen.rpartition(".")[0] or seen
    return " ".join(stem.split()).strip(". ")[:most].rstrip() or "file"


def _is_seen(sign: str) -> bool:
    """Tell signs from what controls, formats or turns round the others."""
    return sign == " " or unicodedata.category(sign)[0] not in "CZ"
