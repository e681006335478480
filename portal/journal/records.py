"""What the portal itself writes into the journal: heads of streams, certificates, new lives."""

import secrets
from collections.abc import Iterable

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.core.actor import SYSTEM
from portal.journal import chain
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry, Generation, Head, Words
from portal.journal.transaction import Tx, transaction


def record_heads(session: Session) -> bool:
    """Write the heads of all other streams into stream 0; False when none has moved since.

    Whoever then cuts off a stream's tail contradicts stream 0.
    """
    heads = {
        str(head.incident_id): [head.seq, head.hash]
        for head in session.scalars(select(Head).where(Head.incident_id != 0, Head.seq > 0))
    }
    latest = session.scalars(
        select(Words.data)
        .join_from(Words, Entry, (Words.incident_id == 0) & (Words.seq == Entry.seq))
        .where(Entry.incident_id == 0, Entry.subject == "heads")
        .order_by(Entry.seq.desc())
        .limit(1)
    ).first()
    if not heads or latest == chain.canonical({"heads": heads}):
        return False
    with transaction(session, SYSTEM) as tx:
        tx.note("heads", "record", heads=heads)
    return True


def destroy(tx: Tx, incident_id: int, entries: Iterable[int], *, basis: str) -> None:
    """Destroy the words of entries as a law demands, and leave a certificate in their stream.

    basis : the legal basis, such as "RSMo 610.021(19), returned after review".
    """
    seqs = sorted(entries)
    tx.session.execute(
        delete(Words).where(Words.incident_id == incident_id, Words.seq.in_(seqs)),
        execution_options={"synchronize_session": False},
    )
    tx.note("record", "destroy", stream=incident_id, entries=seqs, basis=basis)


def begin_generation(session: Session) -> str:
    """Name this database anew, as after a restore: every open page then loads itself again."""
    name = secrets.token_hex(8)
    with housekeeping(session):
        session.execute(update(Generation).values(name=name))
    return name
