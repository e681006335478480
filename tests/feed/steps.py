"""Steps of the model, done as pages do them, and what the model believes afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portal.core import clock
from portal.core.errors import AbsentError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.models import Post
from portal.journal.transaction import transaction
from tests.factories import report
from tests.feed.model import (
    LEASE,
    Case,
    Lease,
    Model,
    Step,
    organization_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.journal.transaction import Tx
    from tests.world import World

AUDIENCES = (
    ("partners",),
    ("staff",),
    ("sector:ENER",),
    ("region:D", "sector:FOOD"),
    ("region:C",),
)
COUNTIES = (("29097",), ("29189",), ("29095",), ())
LIFELINES = ("ENERGY", "WATER", "TRANS", "")
KINDS = ("instruction", "road", "instruction", "status")
PINNED_FOR = timedelta(hours=1)

#: Which begin a row.
BEGINNINGS = ("submit", "enter", "alert", "post")


def seen_by_of(step: Step) -> tuple[str, ...]:
    return AUDIENCES[step.way % len(AUDIENCES)]


def words_of(step: Step) -> str:
    return f"{step.word} was seen here. It is {step.way}."


def letting_of(step: Step) -> dict[str, Any]:
    """Return how the desk lets words out: as they were, or in its own words."""
    said = "" if step.way % 3 == 0 and step.kind == "publish" else f"{step.word} says the desk."
    by = clock.now() + timedelta(hours=2) if step.way % 2 else None
    return {"said": said, "seen_by": seen_by_of(step), "acknowledge_by": by}


def _sighting(step: Step) -> dict[str, Any]:
    return {
        "words": words_of(step),
        "counties": COUNTIES[step.way % 4] or COUNTIES[0],
        "lifeline": LIFELINES[step.way % 3],
        "asked_for": seen_by_of(step),
        "is_urgent": step.way % 5 == 0,
    }


def caller_of(step: Step) -> str:
    return ("alpha", "bravo", "charlie", "guild")[step.way % 4]


# ---------------------------------------------------------------- doing it


def do(session: Session, world: World, actor: Actor, step: Step) -> int:
    """Do a step as a page would, and return the post's id; raises what is refused."""
    if step.case is None:
        with transaction(session, actor) as tx:
            post = _begin(tx, world, step)
            tx.session.flush()
        return post.id
    post = _found(session, world, actor, step.case)
    other = session.get(Post, step.other) if step.other is not None else None
    with transaction(session, actor, held=[Held(post)]) as tx:
        DOING[step.kind](tx, post, other, step)
    return post.id


def _found(session: Session, world: World, actor: Actor, post_id: int) -> Post:
    row = session.get_one(Post, post_id)
    if actor.is_system:
        return row
    post = queries.get_post(session, world.incident_id, row.reference, actor)
    if post is None:
        raise AbsentError("hidden")
    return post


def _begin(tx: Tx, world: World, step: Step) -> Post:
    incident = world.within(tx.session).incident
    if step.kind == "submit":
        return feed.submit(tx, incident, report(**_sighting(step)))
    if step.kind == "enter":
        organization = world.within(tx.session).organization(caller_of(step))
        return feed.enter(
            tx,
            incident,
            report(**_sighting(step)),
            organization=organization,
            spoken_by="Pat Caller",
            link="telephone",
        )
    if step.kind == "alert":
        outside = feed.Outside(
            key=step.word,
            words=words_of(step),
            spoken_by="NWS",
            counties=COUNTIES[step.way % 4],
            is_urgent=False,
            confidence="",
            ends_at=None,
            replaces=tx.session.get(Post, step.other) if step.other else None,
        )
        return feed.bring_in(tx, incident, outside)
    posting = feed.Posting(
        kind=KINDS[step.way % 4],
        counties=COUNTIES[step.way % 4],
        lifeline=LIFELINES[step.way % 4],
        **letting_of(step),
    )
    return feed.post(tx, incident, posting)


def _correct(tx: Tx, post: Post, _other: Any, step: Step) -> None:
    said = post.said if step.way % 4 == 0 else f"{step.word} is true instead."
    feed.correct(tx, post, said=said, why="It was checked.")


def _reject(tx: Tx, post: Post, _other: Any, step: Step) -> None:
    reason = feed.OTHER if step.way % 4 == 0 else "unverified"
    feed.reject(tx, post, reason=reason, note="" if step.way % 2 == 0 else "Call us.")


def _release(tx: Tx, post: Post, _other: Any, _step: Step) -> None:
    claim = queries.get_claim(tx.session, post)
    if claim is None:
        raise AbsentError("nobody has it")
    feed.release(tx, claim)


def _plain(name: str) -> Callable[..., object]:
    return lambda tx, post, _other, _step: getattr(feed, name)(tx, post)


DOING: dict[str, Callable[..., object]] = {
    **{
        it: _plain(it)
        for it in (
            "take",
            "withdraw",
            "second",
            "drop",
            "doubt",
            "unpin",
            "nudge",
            "acknowledge",
        )
    },
    "publish": lambda tx, post, _, step: feed.publish(
        tx, post, feed.Letting(**letting_of(step))
    ),
    "reject": _reject,
    "merge": lambda tx, post, other, _: feed.merge(tx, post, into=other),
    "ask": lambda tx, post, _, step: feed.ask(tx, post, question=f"Since when {step.word}?"),
    "reply": lambda tx, post, _, step: feed.reply(tx, post, reply=f"Since {step.word}."),
    "overtake": lambda tx, post, other, _: feed.overtake(tx, post, by=other),
    "correct": _correct,
    "confirm": lambda tx, post, _, _step: feed.confirm(tx, post, review_by=None),
    "pin": lambda tx, post, _, _step: feed.pin(tx, post, until=clock.now() + PINNED_FOR),
    "supersede": lambda tx, post, other, _: feed.supersede(tx, post, by=other),
    "retract": lambda tx, post, _, _step: feed.retract(tx, post, note="It was wrong."),
    "release": _release,
}


# ---------------------------------------------------------------- believing it


def believe(model: Model, step: Step, post_id: int, reference: str = "") -> Case:
    """Let the model believe a step that was acknowledged; times are the clock's."""
    if step.case is None:
        case = _begun(model, step, post_id, reference)
        model.cases[post_id] = case
        case.moves.append(_name_of_beginning(case, step))
        if case.state == "published":
            _let_out(model, case, step)
        return case
    case = model.cases[step.case]
    if step.kind not in {"take", "release", "acknowledge"}:
        case.moves.append(step.kind)
        let_go(model, case, step)
    BELIEVING.get(step.kind, lambda *_: None)(model, case, step)
    return case


def let_go(model: Model, case: Case, step: Step) -> None:
    """Whoever decides gives back what they had before them."""
    is_decision = step.kind in {"publish", "reject", "merge", "ask"}
    if is_decision and case.holder(clock.now(), model.ended) == step.who:
        assert case.claim is not None
        case.claim.is_held = False


def _begun(model: Model, step: Step, post_id: int, reference: str) -> Case:
    is_own = step.kind == "post"
    owners = {"enter": caller_of(step), "alert": None}
    case = Case(
        id=post_id,
        reference=reference,
        author="" if step.kind == "alert" else step.who,
        owner=owners[step.kind] if step.kind in owners else organization_of(step.who),
        words=f"{step.word} says the desk." if is_own else words_of(step),
        kind={"alert": "alert", "post": KINDS[step.way % 4]}.get(step.kind, "status"),
        counties=COUNTIES[step.way % 4],
        lifeline=LIFELINES[step.way % (4 if is_own else 3)],
        is_urgent=step.way % 5 == 0 and step.kind in {"submit", "enter"},
        asked_for=("staff",) if step.kind == "alert" else seen_by_of(step),
    )
    if step.kind == "alert":
        case.lifeline, case.replaces = "", step.other
    elif not is_own:
        case.counties = case.counties or COUNTIES[0]
    else:
        instructs_all = case.kind == "instruction" and case.asked_for == ("partners",)
        case.state = "proposed" if model.needs_second and instructs_all else "published"
        case.seen_by, case.said = case.asked_for, case.words
        case.is_to_acknowledge = bool(step.way % 2)
    return case


def _name_of_beginning(case: Case, step: Step) -> str:
    if step.kind == "alert":
        return "bring_in"
    return "propose" if case.state == "proposed" else step.kind


def _let_out(model: Model, case: Case, step: Step) -> None:
    model.published += 1
    case.published, case.state = model.published, "published"
    if step.kind != "publish":
        return
    letting = {"seen_by": case.asked_for, "said": "", "acknowledge_by": None}
    letting = letting if step.is_bulk else letting_of(step)
    case.seen_by, case.said = letting["seen_by"], letting["said"] or case.words
    case.is_to_acknowledge = letting["acknowledge_by"] is not None
    replaced = model.cases.get(case.replaces or 0)
    if replaced is not None and replaced.state == "published":
        replaced.state, replaced.successor = "superseded", case.id
        replaced.moves.append("supersede")


def _turn(**fields: Any) -> Callable[[Model, Case, Step], None]:
    """Set fields; what is a function is asked of the step."""

    def believe_it(_model: Model, case: Case, step: Step) -> None:
        for name, value in fields.items():
            setattr(case, name, value(step) if callable(value) else value)

    return believe_it


def _taken(model: Model, case: Case, step: Step) -> None:
    case.claim = Lease(step.who, model.sessions.get(step.who), clock.now() + LEASE)


def _released(_model: Model, case: Case, _step: Step) -> None:
    assert case.claim is not None
    case.claim.is_held = False


def _corrected(_model: Model, case: Case, step: Step) -> None:
    case.said_before, case.said = case.said, f"{step.word} is true instead."
    case.is_doubted = False


BELIEVING: dict[str, Callable[[Model, Case, Step], None]] = {
    "publish": _let_out,
    "second": _let_out,
    "reject": _turn(
        state="rejected", reason="unverified", note=lambda it: "Call us." if it.way % 2 else ""
    ),
    "drop": _turn(state="rejected"),
    "merge": _turn(state="merged", successor=lambda it: it.other),
    "overtake": _turn(state="superseded", successor=lambda it: it.other),
    "supersede": _turn(state="superseded", successor=lambda it: it.other),
    "ask": _turn(state="question", question=lambda it: f"Since when {it.word}?", reply=""),
    "reply": _turn(state="waiting", reply=lambda it: f"Since {it.word}.", is_reminded=False),
    "withdraw": _turn(state="withdrawn"),
    "retract": _turn(state="retracted", note="It was wrong."),
    "correct": _corrected,
    "confirm": _turn(is_doubted=False),
    "doubt": _turn(is_doubted=True),
    "pin": _turn(pinned_until=lambda _: clock.now() + PINNED_FOR),
    "unpin": _turn(pinned_until=None),
    "take": _taken,
    "release": _released,
    "acknowledge": lambda _model, case, step: case.given.add(organization_of(step.who)),
}
