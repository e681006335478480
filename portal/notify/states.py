"""How a delivery stands, and why one is not sent.

There is no machine: the portal alone moves a delivery, save for an administrator's `retry`.
"""

from enum import StrEnum


class DeliveryState(StrEnum):
    """Where an e-mail stands between the portal and its recipient."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    NOT_SENT = "not_sent"


#: Nothing more happens by itself, and the recipient has no e-mail that should have arrived.
UNDELIVERED = frozenset({DeliveryState.FAILED, DeliveryState.BOUNCED})

#: The portal still means to deliver these.
PENDING = frozenset({DeliveryState.WAITING, DeliveryState.SENDING})


class Withheld(StrEnum):
    """Why an e-mail is not sent at all, in words for administrators and recipients."""

    DEMO = "demo, not sent"
    NO_SERVER = "no mail server is set"
    NOT_ENTITLED = "the recipient may not see it any more"
    NO_ADDRESS = "the incident has no duty address any more"
    OVERTAKEN = "a later step has overtaken it"
