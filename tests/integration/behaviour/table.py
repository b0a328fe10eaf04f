"""Which test stands for which behaviour: the promises of the running proxy, heading by heading, with the names of their tests.

`WAITING` has the promises whose keys the compiler refuses so far; each must be refused by name, never ignored. Read by
test_table, and by people who look for the proof of a sentence in the documentation.
"""

from __future__ import annotations

BEHAVIOURS: dict[str, dict[str, tuple[str, ...]]] = {
    "test_tls_on_one_port": {
        "terminated hosts only: one layer that ends TLS": ("test_terminated_hosts_alone_take_one_layer",),
        "passed hosts only: one TCP layer": ("test_passthrough_hosts_alone_take_one_tcp_layer",),
        "both: a TCP layer and one terminating frontend behind a private socket": (
            "test_mixed_hosts_share_one_terminating_frontend_behind_a_sniffing_layer",
            "test_a_hand_over_keeps_the_clients_address",
            "test_a_hand_over_takes_no_trip_through_loopback_tcp",
        ),
        "ssh, optional PROXY headers or a redirect beside TLS cost a layer, and explain shows it": (
            "test_what_shares_the_port_with_tls_costs_a_layer_that_explain_names",
        ),
        "exact host, then wildcard, then default, passed or not": (
            "test_an_exact_passthrough_host_wins_over_a_wildcard",
            "test_an_exact_terminated_host_wins_over_a_passthrough_wildcard",
            "test_a_wildcard_stands_for_one_label",
            "test_a_service_without_a_host_takes_what_no_name_matches",
        ),
        "421 for a passed host on a terminated connection": (
            "test_a_coalesced_http2_request_for_a_passthrough_host_gets_421",
            "test_a_reused_http1_connection_for_a_passthrough_host_gets_421",
        ),
        "other terminated hosts are served on it": ("test_other_terminated_hosts_are_served_on_the_same_connection",),
        "check warns of certificates that cover a passed host": ("test_check_warns_where_a_certificate_covers_a_passthrough_host",),
        "a hello in several segments": (
            "test_a_hello_in_small_segments_reaches_its_service",
            "test_a_hello_with_a_large_key_share_reaches_its_service",
            "test_a_slow_hello_is_waited_for",
            "test_half_a_hello_leads_nowhere",
        ),
        "a hello in several records": (
            "test_a_hello_in_several_records_reaches_its_service",
            "test_a_hello_in_several_records_is_passed_on_where_nothing_ends",
            "test_half_of_a_hello_in_records_leads_nowhere",
        ),
        "no name: an alert, never another's certificate": (
            "test_a_hello_without_a_known_name_gets_an_alert",
            "test_a_hello_without_a_known_name_is_closed_where_nothing_ends",
            "test_a_hello_without_a_name_goes_to_the_service_for_every_host",
        ),
        "ALPN h2 and http/1.1": (
            "test_terminated_listeners_agree_on_http2_or_http1",
            "test_passed_through_clients_agree_with_the_server",
        ),
        "re-encrypt: name and CA of the server": (
            "test_reencrypt_sends_the_requested_host_as_sni",
            "test_reencrypt_takes_a_fixed_name",
            "test_reencrypt_gives_503_for_a_server_that_is_not_proved",
            "test_health_checks_prove_the_server_like_requests",
        ),
        "re-encrypt: nothing reused across names": ("test_reencrypt_never_reuses_a_session_or_connection_for_another_name",),
    },
    "test_several_protocols": {
        "ssh, TLS, HTTP/1 and HTTP/2 clear text are told apart": (
            "test_ssh_beside_tls_reaches_the_ssh_service",
            "test_ssh_on_its_own_listener_takes_no_sniffing",
            "test_tls_beside_the_others_reaches_its_service",
            "test_http1_in_clear_text_beside_the_others_reaches_its_service",
            "test_http2_in_clear_text_beside_the_others_reaches_its_service",
            "test_protocols_are_told_apart_in_small_segments",
            "test_a_split_hello_beside_ssh_and_http_is_still_tls",
            "test_other_tcp_takes_what_is_none_of_the_rest",
            "test_what_is_no_known_protocol_is_closed",
        ),
        "silence: the server speaks first after the sniff timeout": (
            "test_silence_lets_the_server_speak_first_after_the_sniff_timeout",
            "test_silence_on_a_port_without_such_a_server_is_closed",
        ),
        "plain HTTP on a sniffing TLS port is redirected": ("test_plain_http_on_a_sniffing_tls_port_is_redirected",),
        "plain HTTP on a one-layer TLS port is refused": ("test_plain_http_on_a_one_layer_tls_port_is_refused",),
        "plain_http asks for the layer, or refuses": (
            "test_plain_http_redirect_asks_for_the_layer",
            "test_plain_http_refuse_is_refused_on_a_sniffing_port",
        ),
        "protocols in which the server speaks first have their own listener": ("test_a_server_that_speaks_first_has_its_own_listener",),
    },
    "test_client_address": {
        "X-Forwarded-For, -Proto, -Host and -Port are set by us": ("test_a_service_learns_client_scheme_host_and_port",),
        "a stranger's own copies are removed": (
            "test_a_strangers_own_copies_are_removed",
            "test_connection_options_cannot_take_our_headers_away",
            "test_a_strangers_copies_over_http2_are_removed",
        ),
        "a trusted proxy's are kept; the client is the right-most untrusted address": (
            "test_a_trusted_proxys_copies_are_kept_and_added_to",
            "test_the_client_is_the_right_most_untrusted_address",
        ),
        "accept_proxy optional": (
            "test_a_proxy_header_from_a_trusted_sender_is_believed",
            "test_a_proxy_header_without_a_family_is_refused",
            "test_a_proxy_header_from_a_stranger_is_refused",
            "test_a_bare_connection_is_taken_where_the_header_is_optional",
            "test_a_proxy_header_may_come_in_pieces",
            "test_a_proxy_header_and_a_hello_in_one_segment",
            "test_a_proxy_header_before_every_protocol_of_the_port",
            "test_a_second_proxy_header_is_not_believed",
        ),
        "accept_proxy required": ("test_a_bare_connection_is_refused_where_the_header_is_required",),
        "send_proxy, also for passthrough": (
            "test_send_proxy_tells_an_edge_server_the_client",
            "test_send_proxy_tells_a_passthrough_server_the_client",
            "test_requests_of_different_clients_never_share_a_told_connection",
        ),
        "IPv4 and IPv6 families stay true": (
            "test_an_ipv4_client_stays_one_at_an_ipv6_server",
            "test_an_ipv6_client_stays_one_at_either_server",
            "test_an_address_of_every_family_is_seen_in_its_own",
        ),
        "health checks send PROXY too": (
            "test_health_checks_send_the_proxy_header_too",
            "test_connection_checks_of_a_passed_service_send_it_too",
        ),
    },
    "test_http": {
        "HTTP/1.1, HTTP/2, WebSockets, server-sent events and gRPC pass": (
            "test_http1_and_http2_pass",
            "test_http2_in_clear_text_is_spoken_on_a_plain_listener",
            "test_websockets_pass",
            "test_server_sent_events_pass_one_by_one",
            "test_grpc_passes_to_a_passthrough_server_and_over_an_http2_front",
        ),
        "308 keeps method, path and query": (
            "test_plain_http_is_redirected_with_308",
            "test_the_redirect_names_no_port_for_443",
            "test_a_redirect_for_an_unknown_host_is_404",
        ),
        "the ACME path is not redirected where a route has it": ("test_the_acme_path_is_never_redirected_where_it_has_a_route",),
        "hosts: case, port, final dot": (
            "test_case_port_and_final_dot_of_a_host_do_not_matter",
            "test_case_of_the_sni_does_not_matter",
            "test_a_whole_url_as_request_target_counts_as_its_host",
        ),
        "paths: segment borders": (
            "test_paths_match_on_segment_borders",
            "test_a_wildcard_with_a_path_matches_below_it_only",
        ),
        "paths: dot segments and ambiguous ones get 400": (
            "test_dot_segments_get_400",
            "test_paths_that_cannot_be_decoded_get_400",
            "test_harmless_dots_pass_untouched",
            "test_ambiguous_paths_get_400",
            "test_odd_paths_of_one_route_pass_untouched",
        ),
        "unknown host: 404, 421 over a reused connection": (
            "test_an_unknown_host_gets_404_never_the_first_service",
            "test_an_unknown_host_over_a_reused_connection_gets_421",
            "test_a_request_without_a_host_gets_no_service",
        ),
        "dead service: 503": (
            "test_a_dead_service_gives_503_and_its_neighbours_go_on",
            "test_a_service_that_comes_back_is_served_again",
        ),
    },
    "test_http_idle": {
        "idle tunnels are not cut by the client timeout": (
            "test_idle_tunnels_are_not_cut_by_the_client_timeout",
            "test_a_longer_tunnel_of_a_service_counts_behind_a_hand_over",
            "test_quiet_event_streams_are_not_cut_by_the_timeouts",
        ),
    },
    "test_security": {
        "sockets 0600": ("test_every_socket_is_for_its_owner_only",),
        "keys 0600 and outside the configuration": ("test_private_keys_are_for_their_owner_only_and_outside_the_configuration",),
        "no secrets in the configuration": (
            "test_no_secret_is_in_the_configuration_or_the_state",
            "test_the_hashed_password_lets_its_user_in_and_nobody_else",
            "test_nothing_administrative_is_open_without_a_password",
        ),
        "nothing a user writes smuggles a directive": (
            "test_a_hostile_value_is_refused_or_stays_one_value",
            "test_the_name_of_a_file_stays_in_its_comment",
            "test_a_verbatim_line_stays_one_line",
        ),
        "root only to bind, another user in a chroot after": ("test_a_worker_that_root_started_is_somebody_else_in_a_chroot",),
        "or unprivileged with CAP_NET_BIND_SERVICE": ("test_low_ports_need_one_capability_and_not_root",),
        "requests with two readings are refused": (
            "test_a_request_with_two_readings_never_reaches_a_server_as_two",
            "test_a_malformed_request_is_refused",
            "test_a_malformed_http2_request_is_refused",
            "test_a_malformed_http2_request_line_is_refused",
            "test_a_wrong_length_in_http2_never_shifts_the_next_request",
            "test_a_body_is_read_as_it_was_framed",
        ),
        "no option that relaxes parsing": ("test_no_option_that_relaxes_parsing_is_emitted",),
    },
}

WAITING: dict[str, tuple[str, str]] = {
    "no name: the listener's default": ("listeners", "{https: {bind: ':443', default: web}}"),
    "421 for a host with another client-certificate policy": ("web", 'client_certificates: {ca: "${CA}"}'),
    "acme-tls/1 is routed apart": ("certificates", "[{acme: {email: ops@example.test, names: [web.example.test]}}]"),
    "gRPC to a server behind an edge": ("web", "http2: h2c"),
    "a dead service's own page": ("web", "errors: {503: page.html}"),
    "maintenance with Retry-After": ("web", "maintenance: {status: 503}"),
}
"""Promise to section and text of the key that brings it; ``web`` is the service."""
