"""Files that people send, shown to the scanner where there is one; and the names they have."""

import re
import unicodedata
from urllib.parse import quote

from flask import Response, current_app
from werkzeug.datastructures import FileStorage

from portal.core.scanner import Scanner


def sent(file: FileStorage) -> bytes:
    """Return what was sent; raises ScanError if the scanner objects, or cannot tell."""
    data = file.stream.read()
    scanner: Scanner | None = current_app.extensions["scanner"]
    if scanner is not None and data:
        scanner.check(data)
    return data


def named(answer: Response, name: str, *, how: str = "attachment") -> Response:
    """Say under which name an answer is kept (RFC 6266), in any script.

    Who knows no better gets the name in plain letters; how: "inline" for what is shown at once.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'[\x00-\x1f"%\\/\x7f]', "_", plain)
    said = f'{how}; filename="{plain}"'
    if plain != name:
        said += f"; filename*=UTF-8''{quote(name, safe='')}"
    answer.headers["Content-Disposition"] = said
    return answer
