"""Every diagnostic code with its meaning. docs/diagnostics.md is generated from here, and a test asks each to be used."""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    # reading the file
    "file-missing": "A file or folder that is named does not exist.",
    "file-unreadable": "A file exists and can't be read.",
    "yaml-syntax": "The text is not YAML 1.2.",
    "yaml-duplicate-key": "A mapping has the same key twice.",
    "yaml-not-a-site": "The document is not a mapping of sections.",
    "include-cycle": "Files include each other in a circle.",
    "defined-twice": "Two files define the same name.",
    "variable-unset": "`${NAME}` names an environment variable that is not set and has no default.",
    "secret-missing": "The environment variable or file that should hold a secret is not there, or it is empty.",
    # shape and values
    "unknown-key": "A key that the site file does not know.",
    "wrong-type": "A value of another kind than the key takes.",
    "missing-key": "A key that must be there is not.",
    "bad-value": "A value that the key can't take.",
    "bad-name": "A name of a listener, service or server with characters that are not allowed.",
    "bad-host": "A host that is not a host name or a wildcard of one label.",
    "bad-path": "A path that does not start with `/` or has characters that a URL path can't have.",
    "bad-address": "An address that is not `host:port` with a valid IPv4, bracketed IPv6 or host name.",
    "bad-network": "A network that is not in CIDR form.",
    "bad-duration": "A duration that is not a number with ms, s, m, h or d.",
    "not-yet": "The key belongs to the contract; this version does not compile it yet.",
    # references and combinations
    "unknown-listener": "A service names a listener that does not exist.",
    "unknown-service": "Something names a service that does not exist.",
    "nothing-in-it": "A haproxy.cfg without any section.",
    "unknown-defaults": "A listener or service that is kept as written names a ``defaults`` section that does not exist.",
    "no-listener": "It is not clear on which listener a service is meant to be.",
    "no-servers": "A service has no servers.",
    "no-port": "A server has no port, and there is no single listener port to take.",
    "duplicate-server": "A service has the same server twice.",
    "conflict": "Two keys, or a key and the protocol or TLS mode, can't go together.",
    "no-effect": "A key that changes nothing where it stands.",
    "circle": "A redirect or a server that leads back to where the request comes from.",
    "duplicate-route": "Two services have the same route on the same listener.",
    "too-many-conditions": "A route has more conditions than fit into one HAProxy rule.",
    "shadowed-route": "A route that can never win, because others take everything it could match.",
    "duplicate-bind": "Two listeners use the same address and port.",
    "unused-listener": "A listener to which no service is bound.",
    "trusted-missing": "`accept_proxy` without `trusted` believes nobody.",
    # certificates
    "certificate-bad": "A file that holds no certificate, or one that can't be parsed.",
    "key-missing": "A certificate without its private key.",
    "key-mismatch": "The private key is not the one of the certificate.",
    "key-exposed": "A private key file that other users can read.",
    "certificate-expired": "A certificate whose time is over.",
    "certificate-expiring": "A certificate that ends within 30 days.",
    "certificate-not-yet-valid": "A certificate whose time has not come.",
    "certificate-uncovered": "A host is terminated here, and no certificate covers it.",
    "certificate-covers-passthrough": "A certificate covers a host that is passed through, so browsers may reuse a connection for it.",
    "ca-bad": "A CA file without a usable certificate.",
    # administration
    "admin-open": "An administrative page on an address that others can reach, without users.",
    "password-clear": "A password in clear text in the site file.",
    # expectations and HAProxy
    "expectation-failed": "An `expect` entry does not hold.",
    "haproxy-refused": "HAProxy itself refuses the configuration.",
    "haproxy-warned": "HAProxy itself warns about the configuration.",
    # the machine
    "port-in-use": "Another program listens on the address and port.",
    "port-privileged": "A port below 1024 without the right to open it.",
    "address-not-local": "An address that no interface of this machine has.",
    "limit-files": "The site needs more open files than HAProxy may have.",
    "limit-memory": "The site needs more memory than there is.",
    "socket-path": "The path of a unix socket at which none can be made.",
    "socket-not-passed": "An `fd:` address at which no listening socket was handed over.",
    # containers
    "container-mount": "A folder that can't be mounted into a container.",
    "container-outside": "A file that the site reads is in no folder that the container gets.",
    "container-unreadable": "A file that the user in the container can't read.",
    "container-socket": "A unix socket or a handed-over one that the container does not have by itself.",
    "service-hidden": "A file that the site reads is where a systemd service has a folder of its own.",
    "service-unreadable": "A file that the user of a systemd service can't read.",
    "service-socket": "A unix socket or a handed-over one that a systemd service does not have by itself.",
}
"""Code to meaning, one sentence each."""
