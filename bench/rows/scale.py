"""How the time of ``hapilot check --no-haproxy`` grows with the site: ``python -m bench.rows.scale``.

Not a row of the table: it compares hapilot with nothing but itself. It prints a curve for each shape of site, in seconds of
CPU, so that other work on the machine matters little. A stage that looks at all services for each service shows up as a
growth far above 1: the last column is the exponent between the two largest sizes (1: twice the services, twice the time).
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

SIZES = (100, 1_000, 3_000, 10_000)


def hosts(count: int) -> Iterator[str]:
    """Every service has a host of its own, terminated."""
    yield from _certificate()
    yield "services:"
    for number in range(count):
        yield f"  s{number}: {{host: h{number}.example.test, servers: [10.0.0.1:8080]}}"


def typical(count: int) -> Iterator[str]:
    """19 lines for every service, as people write them: two hosts, two servers with weights, a health check, timeouts."""
    yield "listeners:\n  http:\n    bind: ':80'\n    redirect: https\n  https:\n    bind: ':443'"
    yield "certificates:\n  - self_signed:\n      - '*.example.test'"
    yield "services:"
    for number in range(count):
        yield _TYPICAL.format(number=number, high=number >> 8 & 255, low=number & 255)


_TYPICAL = """\
  service-{number}:
    host:
      - h{number}.example.test
      - www{number}.example.test
    path: /
    listener: https
    servers:
      - address: 10.{high}.{low}.1:8080
        weight: 10
      - address: 10.{high}.{low}.2:8080
        weight: 20
    health:
      http: /healthz
      every: 5s
      fall: 3
    timeouts:
      connect: 3s
      server: 30s
    retries: 2"""


def paths(count: int) -> Iterator[str]:
    """Every service has a path of the same host."""
    yield from _certificate()
    yield "services:"
    for number in range(count):
        yield f"  s{number}: {{host: www.example.test, path: /p{number}, servers: [10.0.0.1:8080]}}"


def mixed(count: int) -> Iterator[str]:
    """Half of the hosts are passed through."""
    yield from _certificate()
    yield "services:"
    for number in range(count):
        tls = "passthrough" if number % 2 else "edge"
        yield f"  s{number}: {{host: h{number}.example.test, tls: {tls}, servers: [10.0.0.1:8443]}}"


def listeners(count: int) -> Iterator[str]:
    """Every service has a listener of its own."""
    yield "listeners:"
    for number in range(count):
        yield f"  l{number}: {{bind: '127.0.0.1:{20_000 + number}'}}"
    yield "services:"
    for number in range(count):
        yield f"  s{number}: {{protocol: tcp, listener: l{number}, servers: [10.0.0.1:8080]}}"


SHAPES: tuple[Callable[[int], Iterator[str]], ...] = (hosts, typical, paths, mixed, listeners)


def _certificate() -> Iterator[str]:
    yield 'certificates: [{self_signed: ["*.example.test"]}]'


def seconds(site: Path) -> float:
    """CPU seconds of one check, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "hapilot", "check", "--no-haproxy", str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"check of {site.name} failed: {(done.stdout + done.stderr)[:500]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(shape: Callable[[int], Iterator[str]], sizes: tuple[int, ...]) -> list[float]:
    """CPU seconds for each size."""
    with tempfile.TemporaryDirectory() as folder:
        measured: list[float] = []
        for size in sizes:
            site = Path(folder) / f"{shape.__name__}-{size}.yaml"
            site.write_text("\n".join(shape(size)) + "\n")
            measured.append(seconds(site))
        return measured


def exponent(sizes: Sequence[int], measured: Sequence[float]) -> float:
    """The growth between the two largest sizes, without the start, which the smallest size stands for."""
    start = measured[0]
    later, last = (max(one - start, 0.001) for one in measured[-2:])
    return math.log(last / later) / math.log(sizes[-1] / sizes[-2])


@click.command()
@click.option("--shapes", default="", metavar="NAME[,NAME…]", help="Only these shapes.")
@click.option("--largest", type=click.IntRange(min=1_000), default=SIZES[-1], show_default=True, help="Leave out larger sizes.")
def main(shapes: str, largest: int) -> None:
    """Print the curves."""
    sizes = tuple(size for size in SIZES if size <= largest)
    wanted = shapes.split(",") if shapes else [shape.__name__ for shape in SHAPES]
    click.echo("services   " + "".join(f"{size:>9,}" for size in sizes) + "   growth")
    for shape in SHAPES:
        if shape.__name__ in wanted:
            measured = measure(shape, sizes)
            click.echo(f"{shape.__name__:<11}" + "".join(f"{one:8.2f}s" for one in measured) + f"{exponent(sizes, measured):9.2f}")


if __name__ == "__main__":
    main()
