"""Pass: the sections for everything: ``global``, ``defaults`` and the DNS resolvers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hapilot.compile import build
from hapilot.compile.draft import Draft
from hapilot.compile.rules import changes, hello, logging, unaddressed
from hapilot.languages.haproxy import tree
from hapilot.model import service, values

STATE_VARIABLE = "HAPILOT_SERVERS"
"""Environment variable with the file of server states; ``runtime`` sets it."""

RESOLVERS = "dns"
"""The resolvers section, where a server has a name."""

_AEAD = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
_OLD = (
    f"{_AEAD}:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA:@SECLEVEL=0"
)
PROFILES = {
    "modern": ("TLSv1.3", ""),
    "intermediate": ("TLSv1.2", _AEAD),
    "old": ("TLSv1.0", _OLD),
}
"""Lowest version and ciphers up to TLS 1.2, after Mozilla's Server Side TLS recommendations 5.7; ciphers that need
finite-field Diffie-Hellman parameters are left out, every client that knows them knows elliptic curves too."""
CIPHERSUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""TLS 1.3, the same in every profile."""

TIMEOUTS = {"connect": 5_000, "client": 60_000, "server": 60_000, "tunnel": 3_600_000, "queue": 30_000}
"""Milliseconds, where neither ``defaults`` nor the service says otherwise."""
BUFFER_BYTES = 65_536
"""Measured with 1 MiB answers: 30 % less CPU than with HAProxy's 16 KiB where two layers are passed, 10 to 20 % with one, as there
are fewer, larger reads and writes; nothing lost on small requests. A buffer is taken only while data is in it, so idle
connections cost no more. A request's header fits into it less 1 KiB."""
HOT_BYTES = 64 * BUFFER_BYTES
"""What each thread keeps for itself of freed memory: so many buffers, where HAProxy's 512 KiB would be 8. Measured: without it
HTTP/2 with small answers costs 3 % more than with 16 KiB buffers, with it nothing. From 2.8 on."""
REQUEST_TIMEOUT = "10s"
"""For the complete head of a request: what slow-header attacks get."""


def make_globals(draft: Draft) -> Draft:
    """Add the sections.

    >>> PROFILES["modern"][0]
    'TLSv1.3'
    """
    draft = replace(draft, scripts=(*draft.scripts, *needed_scripts(draft)))
    sections = [_global(draft), _defaults(draft)]
    if _needs_resolvers(draft):
        sections.append(_resolvers(draft))
    return draft.adding(*sections)


def _global(draft: Draft) -> tree.Section:
    target = draft.target
    lines = [
        tree.line("default-path", "config"),
        tree.line("presetenv", "HAPILOT_RUN", target.run_dir),
        tree.line(
            "stats", "socket", tree.Env("unix@", "HAPILOT_RUN", "/runtime.sock"), "mode", "600", "level", "admin", "expose-fd", "listeners"
        ),
        logging.destination(draft.site.spec.log),
        *_buffers(draft),
    ]
    if target.version >= (2, 8):
        lines.append(tree.line("tune.memory.hot-size", str(HOT_BYTES)))
    if target.old_workers:
        lines.append(tree.line("hard-stop-after", values.print_duration(round(target.old_workers * 1000))))
    lines += _unprivileged(draft)
    lines += _under_hapilot(tree.line("server-state-file", tree.Env("", STATE_VARIABLE)))
    lines += _tls(draft)
    lines += [tree.line("lua-load-per-thread", script.path) for script in draft.scripts]
    if draft.site.spec.raw.folder is None:
        lines += own(draft)
    return tree.Section("global", "", tuple(lines))


def _unprivileged(draft: Draft) -> Iterator[tree.Line]:
    """What the worker gives up, unless the user's own lines say it: HAProxy takes each once. What is kept as written runs as it did."""
    target = draft.target
    said = {text.split()[0] for text in draft.site.spec.raw.global_ if text.strip()}
    if not target.drop_to or draft.site.spec.raw.folder is not None:
        return
    if not said & {"user", "uid", "group", "gid"}:
        yield tree.line("user", target.drop_to)
        yield tree.line("group", target.drop_to_group or target.drop_to)
    if target.chroot and "chroot" not in said:
        yield tree.line("chroot", tree.Env("", "HAPILOT_RUN"))


def own(draft: Draft) -> list[tree.Line]:
    """The user's own lines."""
    origins = draft.site.origins
    said = enumerate(draft.site.spec.raw.global_)
    return [tree.opaque(text, origin=origins.said("raw", "global", index)) for index, text in said]


def _buffers(draft: Draft) -> list[tree.Line]:
    """More room for services that add long headers. Without it a message whose body fills the buffer becomes an error 500; the buffer
    grows by as much, so that no client's message is refused for it."""
    more = changes.room_for(max(draft.memory.each("headers", draft.services.values(), changes.added), default=0))
    lines = [tree.line("tune.bufsize", str(BUFFER_BYTES + more))]
    return [*lines, tree.line("tune.maxrewrite", str(changes.RESERVE + more))] if more else lines


def _under_hapilot(line: tree.Line) -> list[tree.Line]:
    """A line that counts only where ``up`` keeps the states of servers over reloads, so that a server known to be down gets
    no requests from a new worker. Without the file 2.6 would warn."""
    return [tree.line(".if", f"defined({STATE_VARIABLE})"), line, tree.line(".endif")]


def needed_scripts(draft: Draft) -> Iterator[build.Script]:
    """The Lua scripts that some listener uses, if HAProxy can run any."""
    if "LUA" not in draft.target.features:
        return
    if any(entrance.looks_at_sni for entrance in draft.entrances):
        yield build.Script(hello.PATH, hello.SCRIPT)
    if any(entrance.listener.accept_proxy == "optional" for entrance in draft.entrances):
        yield build.Script(unaddressed.PATH, unaddressed.SCRIPT)


def _tls(draft: Draft) -> list[tree.Line]:
    if draft.site.spec.tls.profile == "haproxy":
        return []
    lowest, ciphers = PROFILES[draft.site.spec.tls.profile]
    lines = [
        tree.line("ssl-default-bind-options", "ssl-min-ver", lowest, "no-tls-tickets"),
        tree.line("ssl-default-bind-ciphersuites", CIPHERSUITES),
        tree.line("ssl-default-server-options", "ssl-min-ver", "TLSv1.2", "no-tls-tickets"),
        tree.line("ssl-default-server-ciphersuites", CIPHERSUITES),
    ]
    if ciphers:
        lines.insert(1, tree.line("ssl-default-bind-ciphers", ciphers))
    if any(entrance.policies for entrance in draft.entrances):
        # A resumed session brings the verdict on the client's certificate with it, also to a host that asks for another one.
        lines.append(tree.line("tune.ssl.cachesize", "0"))
    return lines


def _defaults(draft: Draft) -> tree.Section:
    said = draft.site.spec.defaults
    lines = [
        tree.line("mode", "http"),
        tree.line("log", "global"),
        tree.line("option", "dontlognull"),
        tree.line("option", "redispatch"),
        *_under_hapilot(tree.line("load-server-state-from-file", "global")),
        tree.line("retries", str(3 if said.retries is None else said.retries)),
        tree.line("timeout", "http-request", REQUEST_TIMEOUT),
        *(tree.line("timeout", name, values.print_duration(getattr(said.timeouts, name) or usual)) for name, usual in TIMEOUTS.items()),
        tree.line("timeout", "check", "5s"),
    ]
    raw = draft.site.spec.raw.defaults
    lines += [tree.opaque(text, origin=draft.site.origins.at("raw", "defaults", index)) for index, text in enumerate(raw)]
    return tree.Section("defaults", "", tuple(lines))


def _needs_resolvers(draft: Draft) -> bool:
    return any(draft.memory.each("names to resolve", draft.services.values(), lambda one: _has_names(draft, one), draft.target))


def _has_names(draft: Draft, one: service.Service) -> bool:
    addresses = (server.address for server in one.servers)
    return any(address.is_name and address.host not in draft.target.fixed_names for address in addresses)


def _resolvers(draft: Draft) -> tree.Section:
    said = draft.site.spec.resolvers.nameservers
    lines = [
        tree.line("nameserver", f"dns{number}", str(values.ServerAddress(one.host, one.port or 53))) for number, one in enumerate(said, 1)
    ]
    lines = lines or [tree.line("parse-resolv-conf")]
    lines += [tree.line("accepted_payload_size", "8192"), tree.line("hold", "valid", "10s")]
    return tree.Section("resolvers", RESOLVERS, tuple(lines), comment="names of servers are followed while HAProxy runs")
