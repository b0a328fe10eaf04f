"""All vectors by their group, in the order of docs/abuse.md. Called by the tests and by `page`."""

from __future__ import annotations

from integration.behaviour.abuse import http1_framing, http1_syntax, http1_targets, http2_fields, http2_frames
from integration.behaviour.abuse.vector import Vector

GROUPS: dict[str, tuple[Vector, ...]] = {
    "Lengths": http1_framing.LENGTHS,
    "Transfer codings": http1_framing.CODINGS,
    "Chunks": http1_framing.CHUNKS,
    "Trailers": http1_framing.TRAILERS,
    "Request lines": http1_syntax.LINES,
    "Header lines and sizes": http1_syntax.HEADERS,
    "Headers that are ours": http1_syntax.FORWARDED,
    "Switching and expecting": http1_syntax.SWITCHES,
    "Hosts": http1_targets.HOSTS,
    "Targets": http1_targets.TARGETS,
    "HTTP/2: frames": http2_frames.FRAMES,
    "HTTP/2: pseudo-headers": http2_fields.PSEUDO,
    "HTTP/2: fields": http2_fields.FIELDS,
    "HTTP/2: fields of a connection": http2_fields.CONNECTION,
    "HTTP/2: bodies": http2_fields.BODIES,
    "HTTP/2: trailers": http2_fields.TRAILERS,
}
