"""What counts as a command, a file and an equal output; so that ``test_commands`` can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import documented

PAGE = """
# A page

<!-- files: other.md -->

```yaml
# site.yaml
a: 1
```

```yaml
only: shown
```

```console
$ hapilot check \\
    site.yaml  # exit code 1
first
second …
$ hapilot up &
ready
```
"""


def test_steps(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    (tmp_path / "other.md").write_text("```yaml\n# more.yaml\nb: 2\n```\n```console\n$ not this\n```\n")
    assert list(documented.steps(tmp_path / "page.md")) == [
        documented.File("more.yaml", "# more.yaml\nb: 2\n"),
        documented.File("site.yaml", "# site.yaml\na: 1\n"),
        documented.Command(16, "hapilot check site.yaml", ("first", "second …"), code=1),
        documented.Command(20, "hapilot up", ("ready",), stays=True),
    ]


def test_output_without_a_command_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```console\nhapilot check\n```\n")
    with pytest.raises(ValueError, match="belongs to none"):
        list(documented.steps(tmp_path / "page.md"))


@pytest.mark.parametrize(
    ("shown", "printed", "whole", "expected"),
    [
        (("a", "b"), "a\nb\n", True, True),
        (("a", "b"), "a\nc\n", True, False),
        (("a",), "a\nb\n", True, False),
        (("a",), "a\nb\n", False, True),
        (("a", "b"), "a\n", False, False),
        (("a", "…", "z"), "a\nb\nc\nz\n", True, True),
        (("a", "…"), "a\nb\n", True, True),
        (("a", "…", "z"), "a\nb\n", True, False),
        (("version … (x)",), "version 2.8 (x)\n", True, True),
        (("version … (x)",), "version 2.8 (y)\n", True, False),
        (("a.c",), "abc\n", True, False),
    ],
)
def test_matches(shown: tuple[str, ...], printed: str, *, whole: bool, expected: bool) -> None:
    assert documented.matches(shown, printed, whole=whole) is expected


def test_ports_are_replaced_each_by_one() -> None:
    given = iter([1, 2])
    ports = documented.Ports(lambda: next(given))
    assert (
        ports.replace(":8443 and :9001, -b 127.0.0.1 9001; 80 18443 2.8.25 0.8443") == ":1 and :2, -b 127.0.0.1 2; 80 18443 2.8.25 0.8443"
    )
