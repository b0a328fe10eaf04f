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
            "test_websockets_pass_over_http2",
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
    "test_service_keys": {
        "headers, both ways": (
            "test_headers_of_requests_are_removed_set_and_added",
            "test_headers_of_responses_are_removed_set_and_added",
            "test_headers_of_responses_are_on_our_own_answers_too",
            "test_long_headers_do_not_break_long_messages",
            "test_websockets_pass_with_changed_headers",
        ),
        "rewrite": (
            "test_servers_see_the_rewritten_path",
            "test_a_prefix_is_no_part_of_the_asterisk",
            "test_servers_see_the_rewritten_host",
        ),
        "redirect": (
            "test_a_redirect_answers_in_place_of_servers",
            "test_a_redirect_may_name_the_requested_host",
            "test_a_redirect_without_a_path_leads_to_the_start",
            "test_no_request_makes_a_redirect_lead_elsewhere",
        ),
        "sticky": (
            "test_a_client_keeps_its_server",
            "test_the_cookie_is_ours_alone",
            "test_a_client_whose_server_is_gone_gets_another",
        ),
        "balance hash": ("test_the_same_value_goes_to_the_same_server",),
        "weight, backup and maintenance of a server": (
            "test_weights_divide_and_backups_wait",
            "test_a_server_under_maintenance_gets_no_requests",
        ),
    },
    "test_service_keys_guards": {
        "allow and deny": (
            "test_networks_are_allowed_and_denied",
            "test_the_client_behind_a_trusted_proxy_is_judged",
            "test_a_refusal_brings_the_services_page",
            "test_networks_count_where_connections_are_passed_on",
        ),
        "basic_auth": (
            "test_only_users_with_their_password_get_in",
            "test_who_brings_no_password_is_asked_for_one",
            "test_the_question_for_a_password_may_have_a_page",
            "test_passwords_of_services_stand_hashed_in_the_configuration",
        ),
        "rate_limit": (
            "test_a_client_that_asks_too_much_gets_429_and_is_let_in_again",
            "test_one_connection_counts_like_many",
            "test_a_refusal_for_the_rate_may_have_a_page",
        ),
        "maintenance with Retry-After": (
            "test_a_service_under_maintenance_says_so",
            "test_maintenance_may_have_another_status_and_a_page",
            "test_a_passed_service_under_maintenance_is_closed",
        ),
        "a dead service's own page": (
            "test_a_dead_service_shows_its_own_page",
            "test_the_largest_page_can_be_sent",
            "test_slow_and_broken_servers_have_pages_too",
            "test_what_a_server_answers_is_never_replaced",
            "test_pages_are_files_of_the_generation",
        ),
    },
    "test_guards_by_address": {
        "allow, deny, match.client, trusted: IPv4 networks have IPv4 clients in them": (
            "test_an_ipv4_network_has_no_ipv6_client_in_it",
            "test_ipv6_loopback_is_no_ipv4_address",
            "test_ipv4_networks_are_trusted_as_they_are_written",
        ),
        "clients without an address are denied, and counted as one": (
            "test_who_has_no_address_is_denied_where_anybody_is",
            "test_who_is_told_without_an_address_is_denied",
            "test_a_connection_without_an_address_is_denied",
            "test_who_has_no_address_is_counted_with_the_others_who_have_none",
        ),
        "a service and its canary share a rate_limit": ("test_a_canary_counts_with_its_service",),
    },
    "test_service_keys_http2": {
        "HTTP/2 to servers": (
            "test_servers_are_spoken_to_over_http2",
            "test_a_server_that_knows_no_http2_over_tls_is_spoken_to_over_http1",
            "test_websockets_take_a_connection_of_their_own",
            "test_health_checks_speak_http2_too",
            "test_connection_checks_ask_nothing_of_http2",
        ),
        "gRPC to a server behind an edge": (
            "test_grpc_passes_with_its_trailers",
            "test_grpc_passes_from_clear_to_clear",
        ),
    },
    "test_further_conditions": {
        "match: method, header, query, client": (
            "test_a_method_chooses",
            "test_every_condition_must_hold",
            "test_the_client_is_the_one_behind_trusted_proxies",
            "test_odd_values_stay_values",
        ),
        "most conditions first, the rest falls through": (
            "test_most_conditions_come_first_and_the_rest_falls_through",
            "test_without_any_condition_that_holds_the_wildcard_answers",
            "test_an_odd_path_with_conditions_has_one_reading",
            "test_explain_tells_why_others_did_not_win",
        ),
        "canary by percent and header": (
            "test_a_canary_gets_its_share_of_clients_and_keeps_them",
            "test_a_header_leads_to_the_canary_or_away",
            "test_explain_knows_the_canary",
        ),
        "the listener's default": ("test_the_default_takes_what_nothing_else_matches",),
    },
    "test_client_certificates": {
        "asked for by host": (
            "test_each_host_asks_for_its_own",
            "test_an_optional_one_may_be_missing_but_not_wrong",
            "test_explain_knows_what_is_asked",
            "test_no_name_leads_round_the_question",
            "test_no_name_leads_a_stream_round_the_question",
            "test_a_table_that_is_ahead_of_the_handshake_lets_nobody_in",
            "test_a_host_whose_requests_fall_to_another_policy_is_a_conflict",
            "test_what_is_for_tls_is_no_default_in_clear",
        ),
        "421 for a host with another client-certificate policy": (
            "test_a_request_for_another_policy_gets_421",
            "test_a_resumed_session_brings_no_verdict_along",
        ),
        "facts for servers, the client's own copies removed": (
            "test_servers_are_told_of_the_certificate",
            "test_a_clients_own_copies_never_pass",
            "test_its_own_facts_win_over_forged_ones",
        ),
    },
    "test_streams": {
        "TLS of other protocols ends here": (
            "test_tls_ends_here_and_the_inside_goes_on_by_name",
            "test_a_name_without_a_service_or_certificate_is_refused",
            "test_requests_and_streams_share_a_port",
            "test_a_stream_goes_on_over_tls_to_a_verified_server",
            "test_a_stream_comes_with_the_clients_address",
            "test_a_stream_may_bring_a_proxy_header_or_not",
            "test_explain_agrees_about_streams",
        ),
        "no name: the listener's default": ("test_without_a_known_name_the_listeners_default_shows_its_certificate",),
    },
    "test_access_log": {
        "the access log in the site's own words": (
            "test_a_request_is_told_in_the_sites_own_words",
            "test_the_route_is_the_one_that_conditions_chose",
            "test_a_service_with_several_backends_has_one_name",
            "test_text_says_the_same",
            "test_hostile_texts_stay_inside_their_values",
        ),
        "the reason of each termination": (
            "test_an_answer_of_our_own_says_why",
            "test_a_server_that_is_not_there_is_told_by_the_termination",
            "test_what_is_passed_through_and_what_is_refused",
        ),
    },
}

WAITING: dict[str, tuple[str, str]] = {
    "acme-tls/1 is routed apart": ("certificates", "[{acme: {email: ops@example.test, names: [web.example.test]}}]"),
}
"""Promise to section and text of the key that brings it; ``web`` is the service."""
