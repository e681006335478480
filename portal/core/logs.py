"""The log of a process: one line for each thing said, with its time in UTC.

Whatever somebody typed, or another server answered, can neither begin a line of its own nor
paint a terminal: controls are written as escapes.
"""

import json
import logging
import re
from datetime import UTC, datetime

#: Controls, also those of eight bits, and what turns the direction of reading or ends a line.
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


class OneLine(logging.Formatter):
    """Writes time, level, where from and what; a traceback follows in indented lines."""

    def __init__(self) -> None:
        """Say in each line when, how grave, by whom and what."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(  # noqa: N802 - the name is logging's
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the time in UTC, such as 2026-05-04T06:07:08.123Z; there is one form of it."""
        at = datetime.fromtimestamp(record.created, UTC)
        return at.strftime(datefmt or f"%Y-%m-%dT%H:%M:%S.{int(record.msecs):03}Z")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - likewise
        """Return the line, with every control in it escaped."""
        return _CONTROL.sub(_escape, super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 - likewise
        """Return the traceback, each line of it marked as belonging to the one above."""
        told = super().formatException(ei)  # type: ignore[arg-type]  # the stubs are narrower
        return "\n".join(f"  {_CONTROL.sub(_escape, line)}" for line in told.split("\n"))


class JsonLine(logging.Formatter):
    """Writes each record as one line of JSON, for a collector that reads fields.

    at: time in UTC, level, logger, process: its number, said: what; error: a traceback, if any.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; JSON's own escapes keep controls out of it."""
        at = datetime.fromtimestamp(record.created, UTC)
        told = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "said": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told)


def to_stderr(form: str = "text") -> None:
    """Let everything that is said from now on go to standard error, as `text` or `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLine() if form == "json" else OneLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
