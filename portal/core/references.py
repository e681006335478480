"""References: what people say on the telephone and what URLs carry."""

import secrets

#: Crockford's base 32: no I, L, O or U, so that it survives the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference(prefix: str = "", length: int = 4) -> str:
    """Return a random reference such as OZ27-K7F3: no counter, so that nobody can count.

    Without a prefix it is longer, as it must be unique without an incident's code.
    """
    if not prefix:
        return "".join(secrets.choice(ALPHABET) for _ in range(length + 4))
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(length))
