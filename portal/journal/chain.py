"""The hash chain: what an entry's digest and link are made of."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from portal.journal.models import Entry


def canonical(words: Mapping[str, Any]) -> str:
    """Return JSON that is the same for the same words: sorted keys, no blanks, UTF-8."""
    return json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(key: bytes, data: str) -> str:
    """Return the keyed digest of an entry's words: HMAC-SHA256, hexadecimal."""
    return hmac.new(key, data.encode(), hashlib.sha256).hexdigest()


def link(previous: str, entry: Entry, rooms: Mapping[str, int]) -> str:
    """Return the entry's link: SHA-256 over the previous link and all that the entry says."""
    facts = {
        "incident": entry.incident_id,
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "kind": f"{entry.subject}.{entry.move}",
        "subject": entry.subject_id,
        "person": entry.person_id,
        "organization": entry.organization_id,
        "digest": entry.digest,
        "rooms": dict(rooms),
    }
    return hashlib.sha256(f"{previous}\n{canonical(facts)}".encode()).hexdigest()
