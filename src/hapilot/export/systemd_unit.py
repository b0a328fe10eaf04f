"""A service as systemd reads it: the unit (systemd.service(5), systemd.exec(5)), its user (sysusers.d(5)), its variables.

A :class:`~hapilot.export.systemd_service.Service` goes in, texts come out. What is said here works from systemd 247 on; keys that an older
one does not know it ignores with a warning. Called by ``systemd``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hapilot.export import systemd_service as services

START_SECONDS = 300
"""For the first start of a very large site."""
WATCHDOG_SECONDS = 180
"""The loop of `up` says that it lives twice a second, and before and after a change: longer than any change takes, a reload that HAProxy
does not finish included."""

_PLAIN = re.compile(r"[A-Za-z0-9/._@+=,:~^-]+")
_LEAVE = ("ExecStop=-+/bin/sh -c 'systemctl list-jobs --no-legend -- %n | grep -q \" restart \" && kill -s USR2 $MAINPID'",)
"""A restart of the service is none of HAProxy: hapilot goes (SIGUSR2), HAProxy serves on, and the next hapilot adopts it. systemd tells a
restart from a stop by its job alone. Where it can't be asked, a restart is a stop and a start."""


def unit(made: services.Service) -> str:
    """The text of NAME.service."""
    sections = {"Unit": _unit(made), "Service": (*_service(made), *_rights(made)), "Install": ("WantedBy=multi-user.target",)}
    body = "\n".join("".join(f"{line}\n" for line in (f"[{name}]", *lines)) for name, lines in sections.items())
    return f"# Runs a site with HAProxy. Made by hapilot export systemd.\n{install(made)}\n{body}"


def install(made: services.Service) -> str:
    """What to do with the files, as comments."""
    steps = [
        f"install -m 644 {made.name}.sysusers.conf /etc/sysusers.d/{made.name}.conf && systemd-sysusers",
        f"install -m 644 {made.name}.service /etc/systemd/system/ && systemctl daemon-reload",
        f"systemctl enable --now {made.name}",
    ]
    if made.variables:
        steps.insert(1, f"install -D -m 600 {made.name}.env {environment_path(made)}, filled in")
    return "".join(f"#   {step}\n" for step in steps)


def sysusers(made: services.Service) -> str:
    """The text of NAME.sysusers.conf: a user of the system that owns nothing and can't log in."""
    return f'# The user of {made.name}.service. Made by hapilot export systemd.\nu {made.user} - "hapilot and its HAProxy" - -\n'


def environment_path(made: services.Service) -> str:
    """Where the variables are."""
    return f"/etc/hapilot/{made.name}.env"


def environment_file(made: services.Service) -> str:
    """The text of NAME.env: every name, no value, for none of them is known to be public."""
    names = "".join(f"#{name}=\n" for name in made.variables)
    return f"# What the site file takes from the environment: NAME=value. Keep it readable by root alone, systemd reads it.\n{names}"


def _unit(made: services.Service) -> Iterator[str]:
    yield f"Description=hapilot: {_text(made.title)}"
    yield from ("Wants=network-online.target", "After=network-online.target nss-lookup.target")
    # A front door is tried again for as long as it takes.
    yield "StartLimitIntervalSec=0"


def _service(made: services.Service) -> Iterator[str]:
    program = " ".join(map(word, made.program))
    yield from ("Type=notify", "NotifyAccess=main")
    yield f"ExecStart={program} {' '.join(map(word, made.arguments))}"
    # Waits for the outcome, and fails where the site is refused; what serves serves on.
    yield f"ExecReload={program} apply"
    yield from _LEAVE
    # systemd ends hapilot alone, which ends HAProxy when its connections are done; one that dies leaves HAProxy, and is started again.
    yield from ("KillMode=process", "Restart=on-failure", "RestartSec=1", "RestartPreventExitStatus=2", "OOMPolicy=continue")
    yield from (f"TimeoutStartSec={START_SECONDS}", f"TimeoutStopSec={made.stop_timeout}", f"WatchdogSec={WATCHDOG_SECONDS}")
    yield from (f"User={made.user}", f"Group={made.user}")
    yield from (f"StateDirectory={made.name}", "StateDirectoryMode=0700")
    # The sockets of a HAProxy that serves on are there.
    yield from (f"RuntimeDirectory={made.name}", "RuntimeDirectoryMode=0700", "RuntimeDirectoryPreserve=yes")
    if made.variables:
        yield f"EnvironmentFile=-{environment_path(made)}"
    yield "LimitNOFILE=524288"


def _rights(made: services.Service) -> Iterator[str]:
    """Nothing but what is needed. Without RemoveIPC and DynamicUser: HAProxy may outlive its hapilot. Without MemoryDenyWriteExecute:
    distributions' HAProxy compiles regular expressions to machine code (PCRE's JIT), and refuses the configuration where it can't."""
    capabilities = " ".join(made.capabilities)
    yield from (f"CapabilityBoundingSet={capabilities}", f"AmbientCapabilities={capabilities}", "NoNewPrivileges=yes", "UMask=0077")
    yield from ("ProtectSystem=strict", f"ProtectHome={'read-only' if made.shows_homes else 'yes'}", "PrivateTmp=yes", "PrivateDevices=yes")
    yield from (f"ReadWritePaths=-{word(folder)}" for folder in made.sockets)
    yield from ("ProtectProc=invisible", "ProtectClock=yes", "ProtectHostname=yes", "ProtectControlGroups=yes")
    yield from ("ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes")
    yield from ("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictNamespaces=yes", "RestrictRealtime=yes")
    yield from ("RestrictSUIDSGID=yes", "LockPersonality=yes", "KeyringMode=private")
    yield from ("SystemCallArchitectures=native", "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged")
    yield "SystemCallErrorNumber=EPERM"


def word(text: str) -> str:
    """One word of a command or a list, whatever is in it (systemd.syntax(7), systemd.service(5), "Command lines").

    >>> word("/srv/my site/100%")
    '"/srv/my site/100%%"'
    """
    if _PLAIN.fullmatch(text):
        return text
    escaped = "".join(_escaped(character) for character in text)
    return f'"{escaped}"'


def _escaped(character: str) -> str:
    if character in "%$":
        return character * 2
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else "".join(f"\\x{byte:02x}" for byte in character.encode())


def _text(text: str) -> str:
    """A line for people."""
    return "".join(character if character.isprintable() else " " for character in text).replace("%", "%%").rstrip("\\")
