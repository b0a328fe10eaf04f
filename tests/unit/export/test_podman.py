"""Words of the user that must not become words of a command."""

from __future__ import annotations

import pytest

from hapilot.export import container, podman


@pytest.mark.parametrize("name", ["", "front-door", "a", "A.b_c-1"])
def test_good_names(name: str) -> None:
    assert podman.wrong_words(container.Wish("localhost/hapilot:1", name)) == ""


@pytest.mark.parametrize("name", ["-a", "a b", "a/b", "a\nb", "a=b", "é", "x" * 101, "a%h"])
def test_bad_names(name: str) -> None:
    assert "can't be the name" in podman.wrong_words(container.Wish("localhost/hapilot:1", name))


@pytest.mark.parametrize("image", ["hapilot", "registry.example.test:5000/a/b:1.2", "a@sha256:00ff"])
def test_good_images(image: str) -> None:
    assert podman.wrong_words(container.Wish(image)) == ""


@pytest.mark.parametrize("image", ["", "--privileged", "a b", "a\n", "$(id)", "a%b"])
def test_bad_images(image: str) -> None:
    assert "is not the name of an image" in podman.wrong_words(container.Wish(image))
