"""HAProxy's built-in pages for the statuses that it answers with itself. The same in 2.6 and 2.8, but for one full stop.

Goes out: body by status, None where releases differ. Used by ``replies``. ``http_err_msgs`` in ``http.c``.
"""

from __future__ import annotations

from collections.abc import Mapping

_UNAUTHORIZED = "You need a valid user and password to access this content."

_TOLD = {
    200: ("OK", "Service ready."),
    400: ("Bad request", "Your browser sent an invalid request."),
    401: ("Unauthorized", _UNAUTHORIZED),
    403: ("Forbidden", "Request forbidden by administrative rules."),
    404: ("Not Found", "The resource could not be found."),
    405: ("Method Not Allowed", "A request was made of a resource using a request method not supported by that resource"),
    407: ("Unauthorized", _UNAUTHORIZED),
    408: ("Request Time-out", "Your browser didn't send a complete request in time."),
    410: ("Gone", "The resource is no longer available and will not be available again."),
    413: ("Payload Too Large", "The request entity exceeds the maximum allowed."),
    421: ("Misdirected Request", "Request sent to a non-authoritative server."),
    422: ("Unprocessable Content", "The server cannot process the contained instructions."),
    425: ("Too Early", "Your browser sent early data."),
    429: ("Too Many Requests", "You have sent too many requests in a given amount of time."),
    500: ("Internal Server Error", "An internal server error occurred."),
    501: ("Not Implemented", ".The server does not support the functionality required to fulfill the request."),
    502: ("Bad Gateway", "The server returned an invalid or incomplete response."),
    503: ("Service Unavailable", "No server is available to handle this request."),
    504: ("Gateway Time-out", "The server didn't respond in time."),
}

_DIFFERS = 405
"""Later releases of 2.8 end the sentence with a full stop."""

BODIES: Mapping[int, bytes | None] = {
    status: None if status == _DIFFERS else f"<html><body><h1>{status} {title}</h1>\n{sentence}\n</body></html>\n".encode()
    for status, (title, sentence) in _TOLD.items()
}
"""The page of each status; these are the statuses that ``http-error`` takes."""

HEADERS = (("Cache-Control", "no-cache"), ("Content-Type", "text/html"))
"""What stands above each, behind its length."""
