"""Names that lead nowhere, that nobody asks for, and that exist twice."""

from __future__ import annotations

from unit.lint.looking import HEAD, lines, mended

FRONT = HEAD + "frontend f\n    bind :80\n    default_backend b\n"
BACK = "backend b\n    server s 10.0.0.1:80\n"


def test_acls_are_seen_in_their_own_section_only() -> None:
    text = f"{FRONT}    acl here path /\n    http-request deny if here !gone or HTTP_1.0\n{BACK}    http-request deny if here\n"
    assert lines(text, "acl-undefined") == [10, 13]


def test_an_acl_may_be_asked_by_a_fetch_or_an_environment_variable() -> None:
    text = f"{FRONT}    acl one path /\n    acl two path /x\n    acl three path /y\n    http-request deny if {{ acl(one,!two) }}\n"
    assert lines(text + BACK, "acl-unused", target=(3, 0)) == [11]
    assert lines(f'{FRONT}    http-request deny if "${{WHO}}"\n{BACK}', "acl-undefined") == []


def test_references_to_sections() -> None:
    text = (
        f'{FRONT}    use_backend gone if TRUE\n    use_backend %[path] if TRUE\n    use_backend "${{X}}" if TRUE\n'
        "    http-request auth unless { http_auth(nobody) }\n    http-request cache-use c\n    errorfiles e\n"
        "    stick-table type ip size 1k peers p\n"
        "backend b from nothing\n    server s a.test:80 resolvers r\n    use-server t if TRUE\n"
    )
    assert lines(text, "reference-undefined") == [9, 12, 13, 14, 15, 16, 17, 18]


def test_references_that_are_there() -> None:
    text = (
        "userlist people\nresolvers r\ncache c\nhttp-errors e\npeers p\ndefaults base\n    mode http\n"
        + FRONT
        + "    http-request auth unless { http_auth(people) }\n    http-request cache-use c\n    errorfiles e\n"
        "    stick-table type ip size 1k peers p\n"
        "backend b from base\n    server s a.test:80 resolvers r\n    server-template t 3 b.test:80\n    use-server t1 if TRUE\n"
    )
    assert lines(text, "reference-undefined") == []


def test_a_backend_may_be_used_in_other_ways() -> None:
    table = "backend t\n    stick-table type ip size 1k\n"
    asked = f"{FRONT}    http-request deny if {{ nbsrv(c) 0 }}\n{BACK}backend c\n    server s 10.0.0.2:80\n"
    assert lines(FRONT + BACK + table, "backend-unused") == []
    assert lines(asked, "backend-unused") == []
    assert lines(f"{FRONT}    use_backend %[path] if TRUE\n{BACK}backend c\n    server s 10.0.0.2:80\n", "backend-unused") == []
    assert lines(f"{FRONT}{BACK}backend c\n    server s 10.0.0.2:80\n", "backend-unused") == [11]
    assert lines(f"{BACK}backend c\n", "backend-unused") == [], "a file of a folder has no frontend"


def test_a_frontend_and_a_backend_may_share_a_name_and_a_listen_may_not() -> None:
    assert lines(FRONT.replace("default_backend b", "default_backend f") + "backend f\n", "name-duplicate") == []
    assert lines(f"{FRONT}{BACK}listen b\n    bind :81\n", "name-duplicate") == [11]


def test_servers_twice() -> None:
    again = "    server s 10.0.0.1:80\n"
    assert lines(FRONT + BACK + again, "server-duplicate") == [11]
    assert mended(FRONT + BACK + again, "server-duplicate") == FRONT + BACK
    other = "    server s 10.0.0.2:80\n"
    assert mended(FRONT + BACK + other, "server-duplicate") == FRONT + BACK + other, "which of them is meant?"
    assert lines(f"{FRONT}{BACK}    server t 10.0.0.1:80 weight 5\n", "server-duplicate") == [11]
    assert (
        lines(f"{FRONT}{BACK}    server t 10.0.0.1:80 send-proxy\n    server u unix@/x\n    server v unix@/x\n", "server-duplicate") == []
    )


def test_binds_twice() -> None:
    second = "frontend g\n    bind :80{}\n    default_backend b\n"
    assert lines(FRONT + second.format("") + BACK, "bind-duplicate") == [10]
    assert lines(FRONT + second.format(" interface eth1") + BACK, "bind-duplicate") == []
    assert lines(FRONT.replace(":80", ":81,:80") + second.format("") + BACK, "bind-duplicate") == [10]
