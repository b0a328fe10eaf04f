from __future__ import annotations

from hapilot.sources.file import anchor, tree, yaml


def parsed(text: str, file: str = "f.yaml") -> tree.Node:
    root, found = yaml.parse(text.encode(), file, {})
    assert not found
    assert root is not None
    return root


def test_without_leaves_aliased_parts_alone() -> None:
    root = parsed("a: &a {x: 1, y: 2}\nb: *a\n")
    assert tree.plain(tree.without(root, [("a", "x")])) == {"a": {"y": 2}, "b": {"x": 1, "y": 2}}


def test_without_an_item() -> None:
    root = tree.without(parsed("a: [1, 2, 3]"), [("a", 1)])
    assert tree.plain(root) == {"a": [1, 3]}
    assert tree.origins(root).at("a", 1).column == 11


def test_paths_are_anchored_once_though_aliased() -> None:
    services = "services: {a: {verify: &v {ca: ca.pem}, errors: {503: e.http}}, b: {verify: *v}}\n"
    text = services + "certificates: [{file: /abs.pem, key: k}, {dir: d}]\n"
    assert tree.plain(anchor.anchor(parsed(text, "conf/f.yaml"))) == {
        "services": {"a": {"verify": {"ca": "conf/ca.pem"}, "errors": {"503": "conf/e.http"}}, "b": {"verify": {"ca": "conf/ca.pem"}}},
        "certificates": [{"file": "/abs.pem", "key": "conf/k"}, {"dir": "conf/d"}],
    }
