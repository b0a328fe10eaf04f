"""Facts about keywords that the manuals of 2.6 to 3.4 don't say: replacements, and what is gone from the manuals.

Their source is HAProxy's own messages (cfgparse*.c, listener.c, mworker.c, cli.c), named for each group. Read by ``table``, where they go
before what is derived. Lines are ``name|deprecated|removed|replacement``; a replacement is the first word or words to use instead.
"""

PROXIES = """\
appsession||1.6|stick-table
bind-process|2.6|2.7|
block||2.1|http-request deny
cliexp||2.1|http-request replace-header
clitimeout||2.1|timeout client
contimeout||2.1|timeout connect
dispatch|3.3|3.5|server
mode health||2.3|http-request return
monitor-net||2.3|http-request return
option accept-invalid-http-request|3.1||option accept-unsafe-violations-in-http-request
option accept-invalid-http-response|3.1||option accept-unsafe-violations-in-http-response
option forceclose||2.0|option httpclose
option http-tunnel||2.1|
option http-use-htx|2.1|2.5|
option http_proxy||2.5|http-request set-dst
option transparent|3.3|3.5|server
redisp||2.1|option redispatch
redispatch||2.1|option redispatch
reqadd||2.1|http-request add-header
reqallow||2.1|http-request allow
reqdel||2.1|http-request del-header
reqdeny||2.1|http-request deny
reqiallow||2.1|http-request allow
reqidel||2.1|http-request del-header
reqideny||2.1|http-request deny
reqipass||2.1|
reqirep||2.1|http-request replace-header
reqitarpit||2.1|http-request tarpit
reqpass||2.1|
reqrep||2.1|http-request replace-header
reqtarpit||2.1|http-request tarpit
rspadd||2.1|http-response add-header
rspdel||2.1|http-response del-header
rspdeny||2.1|http-response deny
rspidel||2.1|http-response del-header
rspideny||2.1|http-response deny
rspirep||2.1|http-response replace-header
rsprep||2.1|http-response replace-header
srvexp||2.1|http-response replace-header
srvtimeout||2.1|timeout server
timeout clitimeout||2.1|timeout client
timeout contimeout||2.1|timeout connect
timeout srvtimeout||2.1|timeout server
transparent|1.8|3.5|server
"""
"""From cfgparse-listen.c and proxy.c."""

GLOBAL = """\
master-worker|3.3|3.5|
nbproc|2.3|2.5|nbthread
no-quic||3.3|tune.quic.listen
stats bind-process||2.7|
stats calculate-max-counters|||
stats maxconn|||
stats socket|||
stats timeout|||
trace||3.1|traces
tune.chksize||2.5|tune.bufsize
tune.quic.cc-hystart|3.3|3.5|tune.quic.fe.cc.hystart
tune.quic.cc.cubic.min-losses|3.3|3.5|tune.quic.fe.cc.cubic-min-losses
tune.quic.disable-tx-pacing|3.3|3.5|tune.quic.fe.tx.pacing
tune.quic.disable-udp-gso|3.3|3.5|tune.quic.fe.tx.udp-gso
tune.quic.frontend.conn-tx-buffers.limit||3.3|tune.quic.mem.tx-max
tune.quic.frontend.default-max-window-size|3.3|3.5|tune.quic.fe.cc.max-win-size
tune.quic.frontend.glitches-threshold|3.3|3.5|tune.quic.fe.sec.glitches-threshold
tune.quic.frontend.max-data-size|3.3|3.5|tune.quic.fe.stream.rxbuf
tune.quic.frontend.max-idle-timeout|3.3|3.5|tune.quic.fe.max-idle-timeout
tune.quic.frontend.max-streams-bidi|3.3|3.5|tune.quic.fe.stream.max-concurrent
tune.quic.frontend.max-tx-mem|3.3|3.5|tune.quic.mem.tx-max
tune.quic.frontend.stream-data-ratio|3.3|3.5|tune.quic.fe.stream.data-ratio
tune.quic.max-frame-loss|3.3|3.5|tune.quic.fe.cc.max-frame-loss
tune.quic.reorder-ratio|3.3|3.5|tune.quic.fe.cc.reorder-ratio
tune.quic.retry-threshold|3.3|3.5|tune.quic.fe.sec.retry-threshold
tune.quic.socket-owner|3.3|3.5|tune.quic.fe.sock-per-conn
tune.ssl.capture-cipherlist-size|2.6||tune.ssl.capture-buffer-size
tune.ssl.ocsp-update.maxdelay|3.0||ocsp-update.maxdelay
tune.ssl.ocsp-update.mindelay|3.0||ocsp-update.mindelay
tune.vars.check-max-size|||
"""
"""From cfgparse-global.c, cfgparse-quic.c, cfgparse-ssl.c and mworker.c."""

BINDS = """\
process|2.5|2.7|thread
"""
"""From listener.c."""

SERVERS = """\
no-check-send-proxy|||
usesrc|||
"""
"""From check.c and server.c; the manuals name them beside others."""

SECTIONS = """\
program|3.1|3.3|
"""
"""From mworker-prog.c."""

OTHERS = """\
program|3.1|3.3|
program command|3.1|3.3|
program group|3.1|3.3|
program option|3.1|3.3|
program user|3.1|3.3|
"""
"""From mworker-prog.c."""

ARITIES = {
    "other_sections healthcheck type": (1, None),
    "proxies acl": (2, None),
    "proxies balance": (0, None),
    "proxies hash-type": (1, 3),
}
"""Least and most words where the manuals show others than HAProxy takes."""

NO_KEYWORDS = frozenset({"binds ocsp-update", "proxies hash-key", "global_section tune.quit.zero-copy-fwd-send"})
"""What one manual lists where no HAProxy takes it: an option of crt-list files, one of server lines, and a slip of the pen."""

SECTIONS_SINCE = {"crt-store": "3.0", "traces": "3.1", "log-profile": "3.1", "acme": "3.2", "healthcheck": "3.4"}
"""Sections that came after 2.6 (REGISTER_CONFIG_SECTION)."""

SINCE = {
    "global_section stats calculate-max-counters": "3.4",
    "global_section httpclient.retries": "2.8",
    "global_section tune.h2.be.glitches-threshold": "2.8",
    "global_section tune.h2.fe.glitches-threshold": "2.8",
    "global_section tune.h2.fe.max-total-streams": "2.8",
}
"""What HAProxy took before its manuals said so, or got in a maintenance release of an older version (asked of 2.8.25)."""
