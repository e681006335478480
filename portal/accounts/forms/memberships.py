"""Forms of memberships: roles, deputies, the end; shape only."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired

from portal.accounts.forms.inviting import OWN_ROLES
from portal.accounts.forms.people import MAX_REASON, role_words
from portal.accounts.models import Membership
from portal.accounts.operations import ADVISING
from portal.core.actor import PRIVATE_ROLES, Actor, Role
from portal.core.web.forms import (
    CodesField,
    LocalTimeField,
    PortalForm,
    at_most,
    known,
    stripped,
)
from portal.core.web.shapes import all_known
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind


def roles_to_give(actor: Actor, kind: OrganizationKind) -> tuple[Role, ...]:
    """Return the roles that an actor can choose from for people of a kind of organization."""
    if not actor.has(Role.ADMIN):
        return OWN_ROLES
    is_agency = kind is OrganizationKind.AGENCY
    fitting = (role for role in Role if (role not in PRIVATE_ROLES) is is_agency)
    return tuple(it for it in fitting if it is not Role.ERAC_ADVISOR or kind in ADVISING)


class RolesForm(PortalForm):
    """The roles of a membership; offered are those that the actor can give, and those held."""

    roles = CodesField("Roles", validate_choice=False)

    def __init__(self, membership: Membership, actor: Actor, *, keeps_others: bool) -> None:
        """Offer roles. keeps_others : whether held ones that the actor cannot give stay."""
        held = list(membership.roles)
        may = roles_to_give(actor, membership.organization.kind)
        if keeps_others:
            may = tuple(role for role in Role if role in may or role in held)
        super().__init__(row=membership, data={"roles": [it for it in held if it in may]})
        self.roles.choices = {role.value: role_words()[role][0] for role in may}

    def validate_roles(self, field: CodesField) -> None:
        """Refuse what is no role; whether it fits is the operation's to say."""
        all_known(set(Role), "Choose from the list.")(self, field)

    def chosen(self) -> frozenset[Role]:
        """Return the roles chosen."""
        return frozenset(map(Role, self.roles.data or ()))


class DeputeForm(PortalForm):
    """In whose place somebody acts, and until when."""

    instead_of = SelectField("In whose place?", validate_choice=False)
    until = LocalTimeField("Until when?", [InputRequired("Write a date and a time.")])

    def __init__(self, membership: Membership, colleagues: Iterable[Membership]) -> None:
        """Offer the colleagues."""
        super().__init__(row=membership)
        self._colleagues = {
            it.person.reference: it for it in colleagues if it.id != membership.id
        }
        names = {
            reference: it.person.name or it.person.email
            for reference, it in self._colleagues.items()
        }
        self.instead_of.choices = {"": "Choose a colleague", **names}
        self.instead_of.validators = [known(names, "Choose a colleague.")]

    def colleague(self) -> Membership:
        """Return the colleague chosen."""
        return self._colleagues[str(self.instead_of.data)]

    def ends_at(self) -> datetime:
        """Return until when."""
        until: datetime = self.until.data
        return until


class EndForm(PortalForm):
    """Why somebody no longer acts for the organization."""

    # Suspending asks for a reason, too, on the same page.
    reason = TextAreaField(
        "Why? It stands in the record.",
        [InputRequired("Say why."), at_most(MAX_REASON, "The reason")],
        filters=[stripped],
        id="end-reason",
    )


class GrantForm(PortalForm):
    """For which organization somebody acts, too, and in which roles."""

    organization = SelectField("Organization", validate_choice=False)
    roles = CodesField(
        "Roles",
        [all_known(set(Role), "Choose from the list.")],
        validate_choice=False,
        description="The first two and the last are for private organizations.",
    )

    def __init__(self, organizations: Sequence[Organization]) -> None:
        """Offer the organizations."""
        super().__init__()
        self._organizations = {each.reference: each for each in organizations}
        names = {reference: each.name for reference, each in self._organizations.items()}
        self.organization.choices = {"": "Choose an organization", **names}
        self.organization.validators = [known(names, "Choose the organization.")]
        self.roles.choices = {role.value: role_words()[role][0] for role in Role}

    @property
    def chosen(self) -> Organization:
        """Return the organization chosen."""
        return self._organizations[str(self.organization.data)]

    def chosen_roles(self) -> frozenset[Role]:
        """Return the roles chosen."""
        return frozenset(map(Role, self.roles.data or ()))
