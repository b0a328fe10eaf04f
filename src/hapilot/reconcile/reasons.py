"""Why a server is out of service, in words that say where to look.

HAProxy's words for a failed health check go in; the same words, with what they can mean where they are obscure, come out. Pure. Called
by ``report``.
"""

from __future__ import annotations

_MEANINGS = {
    # OpenSSL's refusal of a chain is not passed on by HAProxy, and looks like every other failed handshake.
    "SSL handshake failure": "its certificate is of another CA or out of date, or it does not speak TLS as we do",
    "Server presented an SSL certificate different from the expected one": "its certificate does not have the name that verify asks for",
}


def explained(said: str) -> str:
    """HAProxy's words with their meaning.

    >>> explained("Layer4 connection problem: Connection refused")
    'Layer4 connection problem: Connection refused'
    """
    meaning = next((meaning for words, meaning in _MEANINGS.items() if said.endswith(words)), "")
    return f"{said} ({meaning})" if meaning else said
