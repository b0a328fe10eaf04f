"""The unit: only keys that podman documents, the same container as the command's."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from hapilot.export import command, container, quadlet
from hapilot.model import values

CONTAINER_KEYS = {
    "AddCapability", "ContainerName", "DropCapability", "EnvironmentFile", "Exec", "HealthCmd", "HealthInterval", "HealthStartPeriod",
    "HealthTimeout", "Image", "Network", "NoNewPrivileges", "Notify", "PodmanArgs", "ReadOnly", "Tmpfs", "UserNS", "Volume",
}  # fmt: skip
"""Of the keys of podman-systemd.unit(5) in podman 4.5 those that hapilot may use. An unknown key makes podman refuse the whole unit."""

MEANS = {
    "ContainerName": "--name={}",
    "Network": "--network={}",
    "Tmpfs": "--tmpfs={}",
    "DropCapability": "--cap-drop={}",
    "UserNS": "--userns={}",
    "Volume": "--volume={}",
    "HealthCmd": "--health-cmd={}",
    "HealthInterval": "--health-interval={}",
    "HealthTimeout": "--health-timeout={}",
    "HealthStartPeriod": "--health-start-period={}",
    "PodmanArgs": "{}",
}
"""Keys to the options that they stand for, as that page has them."""


def made(*, rootless: bool = False) -> container.Container:
    """A container with a bit of everything."""
    low = (values.BindAddress("tcp", "", 443),)
    folders = (PurePosixPath("/srv/site"), PurePosixPath("/srv/more"))
    command_inside = ("up", "/srv/site", "--stop-seconds=30")
    return container.Container("hapilot-a", "localhost/hapilot:1", "a", command_inside, folders, ("A", "B"), low, 45, rootless)


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """Each section's keys and values, comments left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            name = header[1]
            found[name] = []
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert (bool(name), equals, bool(value)) == (True, "=", True), line
            found[name].append((key, value))
    return found


@pytest.mark.parametrize("rootless", [False, True])
def test_only_documented_keys(rootless: bool) -> None:
    unit = sections(quadlet.unit(made(rootless=rootless)))
    assert list(unit) == ["Unit", "Container", "Service", "Install"]
    assert {key for key, _ in unit["Container"]} <= CONTAINER_KEYS


@pytest.mark.parametrize("rootless", [False, True])
def test_the_unit_asks_for_what_the_command_asks_for(rootless: bool) -> None:
    one = made(rootless=rootless)
    unit = sections(quadlet.unit(one))["Container"]
    asked = {word for key, value in unit if key in MEANS for word in MEANS[key].format(value).split(" --") for word in [_option(word)]}
    asked |= {f"--cap-add={value.removeprefix('CAP_')}" for key, value in unit if key == "AddCapability"}
    asked |= {"--read-only"} if ("ReadOnly", "true") in unit else set()
    asked |= {"--security-opt=no-new-privileges"} if ("NoNewPrivileges", "true") in unit else set()
    words = command.run(one)
    options = set(words[2 : words.index(one.image)])
    of_the_command_alone = {"--detach", "--replace", "--restart=on-failure:5", "--env=A", "--env=B"}
    assert asked == options - of_the_command_alone
    assert dict(unit)["Exec"].split() == list(one.command)
    assert dict(unit)["EnvironmentFile"] == "./hapilot-a.env"


def _option(word: str) -> str:
    return word if word.startswith("--") else f"--{word}"


def test_systemd_waits_longer_than_podman() -> None:
    unit = sections(quadlet.unit(made()))
    assert int(dict(unit["Service"])["TimeoutStopSec"]) > made().stop_timeout
    assert dict(unit["Container"])["Notify"] == "true"


def test_the_environment_file_has_names_alone() -> None:
    lines = quadlet.environment_file(made()).splitlines()
    assert lines[1:] == ["#A=", "#B="]


def test_a_user_has_no_system_targets() -> None:
    unit = quadlet.unit(made(rootless=True))
    assert "WantedBy=default.target" in unit
    assert "network-online" not in unit
