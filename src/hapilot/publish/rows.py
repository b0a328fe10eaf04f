"""What our Grafana dashboard shows, from top to bottom, with the queries. Data only; ``dashboard`` makes Grafana's JSON of it.

``$instance`` and ``$service`` are the dashboard's variables. HAProxy's metrics know a backend as ``proxy``; ``hapilot_service_info`` has
the service's own name for it, and leaves out what is no service. A description that says "Empty while" names the only time at which the
panel may show nothing; tests hold every other one to it.
"""

from __future__ import annotations

from hapilot.publish import panels

_HERE = 'instance=~"$instance"'
_SERVICE = 'instance=~"$instance", service=~"$service"'
_BAD_AT_0: panels.Steps = ((None, "red"), (1, "green"))
_BAD_AT_1: panels.Steps = ((None, "green"), (1, "red"))
_DAY = 86_400.0


def _named(expression: str, labels: str = "service", how: str = "sum") -> str:
    """HAProxy's numbers of backends and servers, put together by our names."""
    return f"{how} by ({labels}) ({expression} * on (instance, proxy) group_left (service) hapilot_service_info{{{_SERVICE}}})"


def _ours(name: str) -> str:
    """hapilot's numbers of services."""
    return f"sum by (service) ({name}{{{_SERVICE}}})"


def _rate(name: str, *more: str) -> str:
    return f"rate({name}{{{', '.join((_HERE, *more))}}}[$__rate_interval])"


def _here(name: str, *more: str) -> str:
    return f"{name}{{{', '.join((_HERE, *more))}}}"


_DOWN = 'health="down"'
_OUT = 'state=~"DOWN|MAINT|DRAIN|NOLB"'
_PUBLIC = 'proxy!~"admin[.].*"'
_RESUMED = f"{_rate('haproxy_process_ssl_cache_lookups_total')} - {_rate('haproxy_process_ssl_cache_misses_total')}"


_SITE = panels.Row(
    "Site",
    (
        panels.Panel(
            "Answering",
            "stat",
            "Whether HAProxy and the hapilot that looks after it both answer.",
            (panels.Query(f"min({_here('up')})"),),
            width=3,
            steps=_BAD_AT_0,
            words=((1, "yes"), (0, "no")),
        ),
        panels.Panel(
            "Files are live",
            "stat",
            "Whether what runs is what the site's files say. No: the last change has errors, `hapilot check` shows them.",
            (panels.Query(f"min({_here('hapilot_site_current')})"),),
            width=3,
            steps=_BAD_AT_0,
            words=((1, "yes"), (0, "no")),
        ),
        panels.Panel(
            "Services down",
            "stat",
            "Services of which no server takes requests.",
            (panels.Query(f"sum({_here('hapilot_services', _DOWN)})"),),
            width=3,
            steps=_BAD_AT_1,
        ),
        panels.Panel(
            "Parts left out",
            "stat",
            "Parts of the site that are left out because of errors in them.",
            (panels.Query(f"sum({_here('hapilot_quarantined_parts')})"),),
            width=3,
            steps=_BAD_AT_1,
        ),
        panels.Panel(
            "First certificate ends",
            "stat",
            "Time until the first certificate ends. Empty while the site has no certificates.",
            (panels.Query(f"min({_here('hapilot_certificate_expiry_timestamp_seconds')}) - time()"),),
            unit="s",
            width=3,
            steps=((None, "red"), (7 * _DAY, "orange"), (30 * _DAY, "green")),
        ),
        panels.Panel(
            "Generation",
            "stat",
            "Number of the generation that runs.",
            (panels.Query(_here("hapilot_generation"), "{{instance}}"),),
            width=3,
        ),
        panels.Panel(
            "Last change",
            "stat",
            "When the generation that runs was made.",
            (panels.Query(f"{_here('hapilot_last_change_timestamp_seconds')} * 1000", "{{instance}}"),),
            unit="dateTimeFromNow",
            width=3,
        ),
        panels.Panel(
            "Versions",
            "stat",
            "Versions of HAProxy and hapilot.",
            (
                panels.Query(_here("hapilot_haproxy_info"), "HAProxy {{version}}"),
                panels.Query(_here("hapilot_build_info"), "hapilot {{version}}"),
            ),
            width=3,
            shows_names=True,
        ),
    ),
)

_TRAFFIC = panels.Row(
    "Traffic",
    (
        panels.Panel(
            "Requests",
            "timeseries",
            "HTTP requests by service.",
            (panels.Query(_named(_rate("haproxy_backend_http_requests_total")), "{{service}}"),),
            unit="reqps",
        ),
        panels.Panel(
            "Responses",
            "timeseries",
            "HTTP responses of all services by class.",
            (panels.Query(_named(_rate("haproxy_backend_http_responses_total"), "code"), "{{code}}"),),
            unit="reqps",
        ),
        panels.Panel(
            "Response time",
            "timeseries",
            "Average time to the first byte of the last 1024 responses, by service.",
            (panels.Query(_named(_here("haproxy_backend_response_time_average_seconds"), how="max"), "{{service}}"),),
            unit="s",
        ),
        panels.Panel(
            "Sessions",
            "timeseries",
            "Requests and TCP connections that a service handles right now.",
            (panels.Query(_named(_here("haproxy_backend_current_sessions")), "{{service}}"),),
        ),
        panels.Panel(
            "Connections by listener",
            "timeseries",
            "Open connections. A listener with several layers has a line for each of them.",
            (panels.Query(f"sum by (proxy) ({_here('haproxy_frontend_current_sessions', _PUBLIC)})", "{{proxy}}"),),
        ),
        panels.Panel(
            "Throughput",
            "timeseries",
            "Bytes from and to the servers of the services.",
            (
                panels.Query(_named(_rate("haproxy_backend_bytes_out_total")), "{{service}} out"),
                panels.Query(_named(_rate("haproxy_backend_bytes_in_total")), "{{service}} in"),
            ),
            unit="Bps",
        ),
        panels.Panel(
            "Failures",
            "timeseries",
            "Connections to servers that failed, responses that broke off, and answers with 5xx, by service.",
            (
                panels.Query(_named(_rate("haproxy_backend_connection_errors_total")), "{{service}} connections"),
                panels.Query(_named(_rate("haproxy_backend_response_errors_total")), "{{service}} responses"),
                panels.Query(_named(_rate("haproxy_backend_http_responses_total", 'code="5xx"')), "{{service}} 5xx"),
            ),
            unit="ops",
        ),
        panels.Panel(
            "Retries",
            "timeseries",
            "Attempts to connect that were repeated, and requests that were sent to another server, by service.",
            (
                panels.Query(_named(_rate("haproxy_backend_retry_warnings_total")), "{{service}} repeated"),
                panels.Query(_named(_rate("haproxy_backend_redispatch_warnings_total")), "{{service}} elsewhere"),
            ),
            unit="ops",
        ),
        panels.Panel(
            "Queue",
            "timeseries",
            "Requests that wait for a server.",
            (panels.Query(_named(_here("haproxy_backend_current_queue")), "{{service}}"),),
        ),
    ),
)

_SERVERS = panels.Row(
    "Servers",
    (
        panels.Panel(
            "Servers up",
            "timeseries",
            "Share of a service's servers that take requests.",
            (panels.Query(f"{_ours('hapilot_service_servers_up')} / {_ours('hapilot_service_servers')}", "{{service}}"),),
            unit="percentunit",
        ),
        panels.Panel(
            "Servers out of service",
            "table",
            "Servers that take no requests, with HAProxy's word for why. Empty while every server is up.",
            (
                panels.Query(
                    _named(f"({_here('haproxy_server_status', _OUT)} == 1)", "service, server, state"),
                ),
            ),
        ),
        panels.Panel(
            "Failed health checks",
            "timeseries",
            "Health checks that failed, by server.",
            (panels.Query(_named(_rate("haproxy_server_check_failures_total"), "service, server"), "{{service}} {{server}}"),),
            unit="ops",
        ),
    ),
)

_CHANGES = panels.Row(
    "Changes",
    (
        panels.Panel(
            "Changes of the site",
            "timeseries",
            "How changes ended: applied; unchanged, nothing to do; refused, the site has errors; failed, HAProxy or the machine did not "
            "go along.",
            (panels.Query(f"sum by (result) (increase({_here('hapilot_changes_total')}[$__rate_interval]))", "{{result}}"),),
            width=6,
        ),
        panels.Panel(
            "Reloads",
            "timeseries",
            "Reloads of HAProxy by what made them necessary, and starts after HAProxy had ended by itself.",
            (
                panels.Query(f"sum by (reason) (increase({_here('hapilot_reloads_total')}[$__rate_interval]))", "{{reason}}"),
                panels.Query(f"sum(increase({_here('hapilot_haproxy_restarts_total')}[$__rate_interval]))", "ended by itself"),
            ),
            width=6,
        ),
        panels.Panel(
            "Time to apply",
            "timeseries",
            "From reading the files to serving, of the last change that was applied. Empty while a hapilot that adopted a running HAProxy "
            "has applied nothing yet.",
            (panels.Query(_here("hapilot_last_apply_duration_seconds"), "{{instance}}"),),
            unit="s",
            width=6,
        ),
        panels.Panel(
            "Old workers",
            "timeseries",
            "HAProxy processes of former generations that finish their connections, and how many those are.",
            (
                panels.Query(_here("hapilot_haproxy_old_workers"), "{{instance}} workers"),
                panels.Query(_here("hapilot_haproxy_old_worker_connections"), "{{instance}} connections"),
            ),
            width=6,
        ),
    ),
)

_CERTIFICATES = panels.Row(
    "Certificates",
    (
        panels.Panel(
            "Certificates",
            "table",
            "Time until each certificate ends, for each of its names. Empty while the site has no certificates.",
            (panels.Query(f"sort(min by (certificate, name) ({_here('hapilot_certificate_expiry_timestamp_seconds')}) - time())"),),
            unit="s",
            width=24,
        ),
    ),
)

_PROCESSES = panels.Row(
    "Processes",
    (
        panels.Panel(
            "Connections",
            "timeseries",
            "Open connections of HAProxy, and the most it takes.",
            (
                panels.Query(_here("haproxy_process_current_connections"), "{{instance}} open"),
                panels.Query(_here("haproxy_process_max_connections"), "{{instance}} most"),
            ),
            width=6,
        ),
        panels.Panel(
            "HAProxy busy",
            "timeseries",
            "Share of its time that HAProxy spends on work.",
            (panels.Query(f"1 - {_here('haproxy_process_idle_time_percent')} / 100", "{{instance}}"),),
            unit="percentunit",
            width=6,
        ),
        panels.Panel(
            "New TLS connections",
            "timeseries",
            "TLS handshakes of clients, and those that could resume a session.",
            (
                panels.Query(_here("haproxy_process_current_ssl_rate"), "{{instance}} all"),
                panels.Query(
                    f"{_rate('haproxy_process_ssl_cache_lookups_total')} - {_rate('haproxy_process_ssl_cache_misses_total')}",
                    "{{instance}} resumed",
                ),
            ),
            unit="ops",
            width=6,
        ),
        panels.Panel(
            "Memory",
            "timeseries",
            "What HAProxy's pools hold, and all of hapilot.",
            (
                panels.Query(_here("haproxy_process_pool_allocated_bytes"), "{{instance}} HAProxy"),
                panels.Query(_here("hapilot_process_resident_memory_bytes"), "{{instance}} hapilot"),
            ),
            unit="bytes",
            width=6,
        ),
        panels.Panel(
            "hapilot's CPU",
            "timeseries",
            "CPU that hapilot itself takes; HAProxy carries the traffic without it.",
            (panels.Query(_rate("hapilot_process_cpu_seconds_total"), "{{instance}}"),),
            unit="percentunit",
            width=12,
        ),
        panels.Panel(
            "Age",
            "timeseries",
            "Time since HAProxy was started, since its worker was (by a reload), and since hapilot was.",
            (
                panels.Query(_here("hapilot_haproxy_uptime_seconds"), "{{instance}} HAProxy"),
                panels.Query(_here("hapilot_haproxy_worker_uptime_seconds"), "{{instance}} worker"),
                panels.Query(f"time() - {_here('hapilot_process_start_time_seconds')}", "{{instance}} hapilot"),
            ),
            unit="s",
            width=12,
        ),
    ),
)

ROWS = (_SITE, _TRAFFIC, _SERVERS, _CHANGES, _CERTIFICATES, _PROCESSES)
"""The dashboard from top to bottom."""
