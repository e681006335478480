"""Forms of administrators: shape only."""

from wtforms import TextAreaField
from wtforms.validators import InputRequired

from portal.core import codes
from portal.core.actor import Role
from portal.core.web.forms import PortalForm, at_most, stripped


def role_words() -> dict[Role, tuple[str, str]]:
    """Return each role's name and what it means, in the order of the code list `roles`."""
    known = codes.load("roles").values()
    return {Role(it.code): (it.label, it["means"]) for it in known}


#: Longest reason for a suspension, in characters.
MAX_REASON = 300


class SuspendForm(PortalForm):
    """Why somebody is kept out."""

    reason = TextAreaField(
        "Why? It stands in the record.",
        [InputRequired("Say why."), at_most(MAX_REASON, "The reason")],
        filters=[stripped],
    )


class ResetFactorsForm(PortalForm):
    """How it is known that who lost the second factor is who they say."""

    call_back = TextAreaField(
        "How did you call back? It stands in the record.",
        [InputRequired("Say whom you called, on which number."), at_most(MAX_REASON, "This")],
        filters=[stripped],
        description="Use a number that you know already, never one that you were just given.",
    )
