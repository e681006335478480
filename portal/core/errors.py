"""What can go wrong in words people read; each error knows its HTTP status."""

from datetime import timedelta
from math import ceil


class PortalError(Exception):
    """Something the portal refuses or cannot do; the message is for people."""

    status = 500
    title = "Something went wrong"


class NotAllowedError(PortalError):
    """The row is visible, but this is not for the actor's role."""

    status = 403
    title = "This is not open to you"


class AbsentError(PortalError):
    """There is no such thing, or the actor may not know that there is."""

    status = 404
    title = "Page not found"


class ConflictError(PortalError):
    """The thing changed since the page was made; the page as it now stands follows."""

    status = 409
    title = "This changed while you were reading"


class StateGoneError(ConflictError):
    """The row is no longer in a state from which the move leads."""


class VersionGoneError(ConflictError):
    """Somebody wrote to the row after the browser read it."""


class EpochGoneError(PortalError):
    """The actor's session or entitlement ended before the write began."""

    status = 401
    title = "You are signed out"


class FieldError(PortalError):
    """A rule refuses the value of one field; shown at that field, value kept."""

    status = 422
    title = "There is a problem"

    def __init__(self, field: str, message: str) -> None:
        """Name the form's field and say what to do about it."""
        super().__init__(message)
        self.field = field


class OnceReusedError(PortalError):
    """A form's single-use key came back with other content."""

    status = 422
    title = "This form was sent before, with other words"


class BusyError(PortalError):
    """The database did not give its turn in time; the same request may be sent again."""

    status = 503
    title = "The portal is busy"


class TooFastError(PortalError):
    """So many in so short a time that the rest has to wait; nothing was done."""

    status = 429
    title = "Too many in a short time"

    def __init__(self, message: str, wait: timedelta) -> None:
        """Say what there was too much of; `wait` is until the next one is taken."""
        self.retry_s = ceil(wait.total_seconds())
        minutes = ceil(self.retry_s / 60)
        time = f"{minutes} minutes" if minutes > 1 else f"{self.retry_s} seconds"
        super().__init__(f"{message} Wait {time}, or call the SEOC.")


class StrayWriteError(RuntimeError):
    """A programming error: a write outside `transaction` and `housekeeping`."""


class AlreadyDoneError(Exception):
    """The same form took effect before; `answer` is the path that was answered then."""

    def __init__(self, answer: str) -> None:
        """Keep the first answer's path."""
        super().__init__(answer)
        self.answer = answer
