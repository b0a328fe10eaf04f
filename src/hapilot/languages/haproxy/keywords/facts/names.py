"""Sample fetches, converters and the actions of rules.

Made by ``tools/derive_names.py``; each line is ``kind|name|since|removed``.
"""

ROWS = """\
converter|51d.single||
converter|add||
converter|add_item||
converter|aes_cbc_dec|3.4|
converter|aes_cbc_enc|3.4|
converter|aes_gcm_dec||
converter|aes_gcm_enc|3.0|
converter|and||
converter|b64dec||
converter|base2|3.3|
converter|base64||
converter|be2dec||
converter|be2hex||
converter|bool||
converter|bytes||
converter|capture-req||
converter|capture-res||
converter|concat||
converter|cpl||
converter|crc32||
converter|crc32c||
converter|cut_crlf||
converter|da-csv-conv||
converter|date|3.1|
converter|debug||
converter|digest||
converter|div||
converter|djb2||
converter|eth.data|3.4|
converter|eth.dst|3.4|
converter|eth.hdr|3.4|
converter|eth.proto|3.4|
converter|eth.src|3.4|
converter|eth.vlan|3.4|
converter|even||
converter|fe_exists|3.4|
converter|field||
converter|fix_is_valid||
converter|fix_tag_value||
converter|hex||
converter|hex2i||
converter|hmac||
converter|host_only||
converter|htonl||
converter|http_date||
converter|iif||
converter|in_table||
converter|ip.data|3.4|
converter|ip.df|3.4|
converter|ip.dst|3.4|
converter|ip.fp|3.4|
converter|ip.hdr|3.4|
converter|ip.proto|3.4|
converter|ip.src|3.4|
converter|ip.tos|3.4|
converter|ip.ttl|3.4|
converter|ip.ver|3.4|
converter|ipmask||
converter|json||
converter|json_query||
converter|jwt_decrypt_cert|3.4|
converter|jwt_decrypt_jwk|3.4|
converter|jwt_decrypt_secret|3.4|
converter|jwt_header_query||
converter|jwt_payload_query||
converter|jwt_verify||
converter|jwt_verify_cert|3.3|
converter|language||
converter|le2dec|3.3|
converter|length||
converter|lower||
converter|ltime||
converter|ltrim||
converter|map||
converter|map_beg||
converter|map_beg_int||
converter|map_beg_ip||
converter|map_beg_key|3.0|
converter|map_dir||
converter|map_dir_int||
converter|map_dir_ip||
converter|map_dir_key|3.0|
converter|map_dom||
converter|map_dom_int||
converter|map_dom_ip||
converter|map_dom_key|3.0|
converter|map_end||
converter|map_end_int||
converter|map_end_ip||
converter|map_end_key|3.0|
converter|map_int||
converter|map_int_int||
converter|map_int_ip||
converter|map_int_key|3.0|
converter|map_ip||
converter|map_ip_int||
converter|map_ip_ip||
converter|map_ip_key|3.0|
converter|map_reg||
converter|map_reg_int||
converter|map_reg_ip||
converter|map_reg_key|3.0|
converter|map_regm||
converter|map_str||
converter|map_str_int||
converter|map_str_ip||
converter|map_str_key|3.0|
converter|map_sub||
converter|map_sub_int||
converter|map_sub_ip||
converter|map_sub_key|3.0|
converter|mod||
converter|mqtt_field_value||
converter|mqtt_is_valid||
converter|ms_ltime|2.9|
converter|ms_utime|2.9|
converter|mul||
converter|nbsrv||
converter|neg||
converter|not||
converter|odd||
converter|or||
converter|param|2.8|
converter|port_only||
converter|protobuf||
converter|regsub||
converter|reverse|3.4|
converter|reverse_dom|3.4|
converter|rfc7239_field|2.8|
converter|rfc7239_is_valid|2.8|
converter|rfc7239_n2nn|2.8|
converter|rfc7239_n2np|2.8|
converter|rfc7239_nn|3.1|
converter|rfc7239_np|3.1|
converter|rtrim||
converter|sdbm||
converter|secure_memcmp||
converter|set-var||
converter|sha1||
converter|sha2||
converter|srv_is_up|3.3|
converter|srv_queue||
converter|strcmp||
converter|sub||
converter|table_bytes_in_rate||
converter|table_bytes_out_rate||
converter|table_clr_gpc|3.2|
converter|table_clr_gpc0|3.2|
converter|table_clr_gpc1|3.2|
converter|table_conn_cnt||
converter|table_conn_cur||
converter|table_conn_rate||
converter|table_expire||
converter|table_glitch_cnt|3.0|
converter|table_glitch_rate|3.0|
converter|table_gpc||
converter|table_gpc0||
converter|table_gpc0_rate||
converter|table_gpc1||
converter|table_gpc1_rate||
converter|table_gpc_rate||
converter|table_gpt||
converter|table_gpt0||
converter|table_http_err_cnt||
converter|table_http_err_rate||
converter|table_http_fail_cnt||
converter|table_http_fail_rate||
converter|table_http_req_cnt||
converter|table_http_req_rate||
converter|table_idle||
converter|table_inc_gpc|3.2|
converter|table_inc_gpc0|3.2|
converter|table_inc_gpc1|3.2|
converter|table_kbytes_in||
converter|table_kbytes_out||
converter|table_server_id||
converter|table_sess_cnt||
converter|table_sess_rate||
converter|table_trackers||
converter|tcp.dst|3.4|
converter|tcp.flags|3.4|
converter|tcp.options.mss|3.4|
converter|tcp.options.sack|3.4|
converter|tcp.options.tsopt|3.4|
converter|tcp.options.tsval|3.4|
converter|tcp.options.wscale|3.4|
converter|tcp.options.wsopt|3.4|
converter|tcp.options_list|3.4|
converter|tcp.seq|3.4|
converter|tcp.src|3.4|
converter|tcp.win|3.4|
converter|ub64dec||
converter|ub64enc||
converter|ungrpc||
converter|unset-var||
converter|upper||
converter|url_dec||
converter|url_enc||
converter|us_ltime|2.9|
converter|us_utime|2.9|
converter|utime||
converter|when|3.1|
converter|word||
converter|wt6||
converter|x509_v_err_str|2.7|
converter|xor||
converter|xxh3||
converter|xxh32||
converter|xxh64||
fetch|51d.all||
fetch|accept_date|2.9|
fetch|acl|2.9|
fetch|act_conn|2.9|
fetch|always_false||
fetch|always_true||
fetch|avg_queue||
fetch|base||
fetch|base32||
fetch|base32+src||
fetch|base_beg||
fetch|base_dir||
fetch|base_dom||
fetch|base_end||
fetch|base_len||
fetch|base_reg||
fetch|base_sub||
fetch|baseq||
fetch|bc.timer.connect|2.9|
fetch|bc_be_queue|3.0|
fetch|bc_dst||
fetch|bc_dst_port||
fetch|bc_err||
fetch|bc_err_name|3.1|
fetch|bc_err_str||
fetch|bc_glitches|2.8|
fetch|bc_http_major||
fetch|bc_nb_streams|3.0|
fetch|bc_reused|3.2|
fetch|bc_rtt|2.8|
fetch|bc_rttvar|2.8|
fetch|bc_setting_streams_limit|3.0|3.4
fetch|bc_settings_streams_limit|3.4|
fetch|bc_src||
fetch|bc_src_port||
fetch|bc_srv_queue|3.0|
fetch|be_conn||
fetch|be_conn_free||
fetch|be_connect_timeout|3.4|
fetch|be_id||
fetch|be_name||
fetch|be_queue_timeout|3.4|
fetch|be_server_timeout||
fetch|be_sess_rate||
fetch|be_tarpit_timeout|3.4|
fetch|be_tunnel_timeout||
fetch|bin||
fetch|bool||
fetch|bs.aborted|3.0|
fetch|bs.debug_str|3.1|
fetch|bs.id|2.9|
fetch|bs.rst_code|3.0|
fetch|bytes_in|2.9|
fetch|bytes_out|2.9|
fetch|capture.req.hdr||
fetch|capture.req.method||
fetch|capture.req.uri||
fetch|capture.req.ver||
fetch|capture.res.hdr||
fetch|capture.res.ver||
fetch|connslots||
fetch|cook||
fetch|cook_beg||
fetch|cook_cnt||
fetch|cook_dir||
fetch|cook_dom||
fetch|cook_end||
fetch|cook_len||
fetch|cook_reg||
fetch|cook_sub||
fetch|cook_val||
fetch|cookie||
fetch|cpu_calls||
fetch|cpu_ns_avg||
fetch|cpu_ns_tot||
fetch|cpu_usage_grp|3.4|
fetch|cpu_usage_proc|3.4|
fetch|cpu_usage_thr|3.4|
fetch|cur_client_timeout|2.9|
fetch|cur_connect_timeout|3.4|
fetch|cur_queue_timeout|3.4|
fetch|cur_server_timeout||
fetch|cur_tarpit_timeout|3.4|
fetch|cur_tunnel_timeout||
fetch|da-csv-fetch||
fetch|date||
fetch|date_us||
fetch|distcc_body||
fetch|distcc_param||
fetch|dst||
fetch|dst_conn||
fetch|dst_is_local||
fetch|dst_port||
fetch|dump_all_vars|3.4|
fetch|env||
fetch|fc.timer.handshake|2.9|
fetch|fc.timer.total|2.9|
fetch|fc_dst||
fetch|fc_dst_is_local||
fetch|fc_dst_port||
fetch|fc_err||
fetch|fc_err_name|3.1|
fetch|fc_err_str||
fetch|fc_fackets||
fetch|fc_glitches|2.8|
fetch|fc_http_major||
fetch|fc_lost||
fetch|fc_nb_streams|3.0|
fetch|fc_pp_authority||
fetch|fc_pp_tlv|2.9|
fetch|fc_pp_unique_id||
fetch|fc_rcvd_proxy||
fetch|fc_reordering||
fetch|fc_retrans||
fetch|fc_rtt||
fetch|fc_rttvar||
fetch|fc_sacked||
fetch|fc_saved_syn|3.4|
fetch|fc_settings_streams_limit|3.0|
fetch|fc_src||
fetch|fc_src_is_local||
fetch|fc_src_port||
fetch|fc_unacked||
fetch|fcgi.docroot||
fetch|fcgi.index||
fetch|fe_client_timeout||
fetch|fe_conn||
fetch|fe_defbe||
fetch|fe_id||
fetch|fe_name||
fetch|fe_req_rate||
fetch|fe_sess_rate||
fetch|fe_tarpit_timeout|3.4|
fetch|fs.aborted|3.0|
fetch|fs.debug_str|3.1|
fetch|fs.id|2.9|
fetch|fs.rst_code|3.0|
fetch|hdr||
fetch|hdr_beg||
fetch|hdr_cnt||
fetch|hdr_dir||
fetch|hdr_dom||
fetch|hdr_end||
fetch|hdr_ip||
fetch|hdr_len||
fetch|hdr_reg||
fetch|hdr_sub||
fetch|hdr_val||
fetch|hostname||
fetch|http_auth||
fetch|http_auth_bearer||
fetch|http_auth_group||
fetch|http_auth_pass||
fetch|http_auth_type||
fetch|http_auth_user||
fetch|http_first_req||
fetch|int||
fetch|internal.htx.data||
fetch|internal.htx.free||
fetch|internal.htx.free_data||
fetch|internal.htx.has_eom||
fetch|internal.htx.nbblks||
fetch|internal.htx.size||
fetch|internal.htx.used||
fetch|internal.htx_blk.data||
fetch|internal.htx_blk.hdrname||
fetch|internal.htx_blk.hdrval||
fetch|internal.htx_blk.size||
fetch|internal.htx_blk.start_line||
fetch|internal.htx_blk.type||
fetch|internal.strm.is_htx||
fetch|ipv4||
fetch|ipv6||
fetch|last_entity|3.1|
fetch|last_rule_file||
fetch|last_rule_line||
fetch|lat_ns_avg||
fetch|lat_ns_tot||
fetch|meth||
fetch|method||
fetch|nbproc||
fetch|nbsrv||
fetch|path||
fetch|path_beg||
fetch|path_dir||
fetch|path_dom||
fetch|path_end||
fetch|path_len||
fetch|path_reg||
fetch|path_sub||
fetch|pathq||
fetch|payload||
fetch|payload_lv||
fetch|pid|2.9|
fetch|prio_class||
fetch|prio_offset||
fetch|proc||
fetch|query||
fetch|queue||
fetch|quic_enabled|2.8|
fetch|rand||
fetch|rdp_cookie||
fetch|rdp_cookie_cnt||
fetch|rep_ssl_hello_type||
fetch|req.body||
fetch|req.body_len||
fetch|req.body_param||
fetch|req.body_size||
fetch|req.bytes_in|3.3|
fetch|req.bytes_out|3.3|
fetch|req.cook||
fetch|req.cook_cnt||
fetch|req.cook_names|2.9|
fetch|req.cook_val||
fetch|req.fhdr||
fetch|req.fhdr_cnt||
fetch|req.hdr||
fetch|req.hdr_cnt||
fetch|req.hdr_ip||
fetch|req.hdr_names||
fetch|req.hdr_val||
fetch|req.hdrs||
fetch|req.hdrs_bin||
fetch|req.len||
fetch|req.payload||
fetch|req.payload_lv||
fetch|req.proto_http||
fetch|req.rdp_cookie||
fetch|req.rdp_cookie_cnt||
fetch|req.ssl_alpn||
fetch|req.ssl_cipherlist|3.2|
fetch|req.ssl_ec_ext||
fetch|req.ssl_hello_type||
fetch|req.ssl_keyshare_groups|3.2|
fetch|req.ssl_sigalgs|3.2|
fetch|req.ssl_sni||
fetch|req.ssl_st_ext||
fetch|req.ssl_supported_groups|3.2|
fetch|req.ssl_ver||
fetch|req.timer.hdr|2.9|
fetch|req.timer.idle|2.9|
fetch|req.timer.queue|2.9|
fetch|req.timer.tq|2.9|
fetch|req.ver||
fetch|req_len||
fetch|req_proto_http||
fetch|req_rdp_cookie||
fetch|req_rdp_cookie_cnt||
fetch|req_ssl_hello_type||
fetch|req_ssl_sni||
fetch|req_ssl_ver||
fetch|req_ver||
fetch|request_date|2.9|
fetch|res.body||
fetch|res.body_len||
fetch|res.body_size||
fetch|res.bytes_in|3.3|
fetch|res.bytes_out|3.3|
fetch|res.cache_hit||
fetch|res.cache_name||
fetch|res.comp||
fetch|res.comp_algo||
fetch|res.cook||
fetch|res.cook_cnt||
fetch|res.cook_names|2.9|
fetch|res.cook_val||
fetch|res.fhdr||
fetch|res.fhdr_cnt||
fetch|res.hdr||
fetch|res.hdr_cnt||
fetch|res.hdr_ip||
fetch|res.hdr_names||
fetch|res.hdr_val||
fetch|res.hdrs||
fetch|res.hdrs_bin||
fetch|res.len||
fetch|res.payload||
fetch|res.payload_lv||
fetch|res.ssl_hello_type||
fetch|res.timer.data|2.9|
fetch|res.timer.hdr|2.9|
fetch|res.ver||
fetch|resp_ver||
fetch|sc0_bytes_in_rate||
fetch|sc0_bytes_out_rate||
fetch|sc0_clr_gpc0||
fetch|sc0_clr_gpc1||
fetch|sc0_conn_cnt||
fetch|sc0_conn_cur||
fetch|sc0_conn_rate||
fetch|sc0_get_gpc0||
fetch|sc0_get_gpc1||
fetch|sc0_get_gpt0||
fetch|sc0_glitch_cnt|3.0|
fetch|sc0_glitch_rate|3.0|
fetch|sc0_gpc0_rate||
fetch|sc0_gpc1_rate||
fetch|sc0_http_err_cnt||
fetch|sc0_http_err_rate||
fetch|sc0_http_fail_cnt||
fetch|sc0_http_fail_rate||
fetch|sc0_http_req_cnt||
fetch|sc0_http_req_rate||
fetch|sc0_inc_gpc0||
fetch|sc0_inc_gpc1||
fetch|sc0_kbytes_in||
fetch|sc0_kbytes_out||
fetch|sc0_key|3.2|
fetch|sc0_sess_cnt||
fetch|sc0_sess_rate||
fetch|sc0_tracked||
fetch|sc0_trackers||
fetch|sc1_bytes_in_rate||
fetch|sc1_bytes_out_rate||
fetch|sc1_clr_gpc||
fetch|sc1_clr_gpc0||
fetch|sc1_clr_gpc1||
fetch|sc1_conn_cnt||
fetch|sc1_conn_cur||
fetch|sc1_conn_rate||
fetch|sc1_get_gpc0||
fetch|sc1_get_gpc1||
fetch|sc1_get_gpt0||
fetch|sc1_glitch_cnt|3.0|
fetch|sc1_glitch_rate|3.0|
fetch|sc1_gpc0_rate||
fetch|sc1_gpc1_rate||
fetch|sc1_http_err_cnt||
fetch|sc1_http_err_rate||
fetch|sc1_http_fail_cnt||
fetch|sc1_http_fail_rate||
fetch|sc1_http_req_cnt||
fetch|sc1_http_req_rate||
fetch|sc1_inc_gpc0||
fetch|sc1_inc_gpc1||
fetch|sc1_kbytes_in||
fetch|sc1_kbytes_out||
fetch|sc1_key|3.2|
fetch|sc1_sess_cnt||
fetch|sc1_sess_rate||
fetch|sc1_tracked||
fetch|sc1_trackers||
fetch|sc2_bytes_in_rate||
fetch|sc2_bytes_out_rate||
fetch|sc2_clr_gpc0||
fetch|sc2_clr_gpc1||
fetch|sc2_conn_cnt||
fetch|sc2_conn_cur||
fetch|sc2_conn_rate||
fetch|sc2_get_gpc0||
fetch|sc2_get_gpc1||
fetch|sc2_get_gpt0||
fetch|sc2_glitch_cnt|3.0|
fetch|sc2_glitch_rate|3.0|
fetch|sc2_gpc0_rate||
fetch|sc2_gpc1_rate||
fetch|sc2_http_err_cnt||
fetch|sc2_http_err_rate||
fetch|sc2_http_fail_cnt||
fetch|sc2_http_fail_rate||
fetch|sc2_http_req_cnt||
fetch|sc2_http_req_rate||
fetch|sc2_inc_gpc0||
fetch|sc2_inc_gpc1||
fetch|sc2_kbytes_in||
fetch|sc2_kbytes_out||
fetch|sc2_key|3.2|
fetch|sc2_sess_cnt||
fetch|sc2_sess_rate||
fetch|sc2_tracked||
fetch|sc2_trackers||
fetch|sc_bytes_in_rate||
fetch|sc_bytes_out_rate||
fetch|sc_clr_gpc||
fetch|sc_clr_gpc0||
fetch|sc_clr_gpc1||
fetch|sc_conn_cnt||
fetch|sc_conn_cur||
fetch|sc_conn_rate||
fetch|sc_get_gpc||
fetch|sc_get_gpc0||
fetch|sc_get_gpc1||
fetch|sc_get_gpt||
fetch|sc_get_gpt0||
fetch|sc_glitch_cnt|3.0|
fetch|sc_glitch_rate|3.0|
fetch|sc_gpc0_rate||
fetch|sc_gpc1_rate||
fetch|sc_gpc_rate||
fetch|sc_http_err_cnt||
fetch|sc_http_err_rate||
fetch|sc_http_fail_cnt||
fetch|sc_http_fail_rate||
fetch|sc_http_req_cnt||
fetch|sc_http_req_rate||
fetch|sc_inc_gpc||
fetch|sc_inc_gpc0||
fetch|sc_inc_gpc1||
fetch|sc_kbytes_in||
fetch|sc_kbytes_out||
fetch|sc_key|3.2|
fetch|sc_sess_cnt||
fetch|sc_sess_rate||
fetch|sc_tracked||
fetch|sc_trackers||
fetch|scook||
fetch|scook_beg||
fetch|scook_cnt||
fetch|scook_dir||
fetch|scook_dom||
fetch|scook_end||
fetch|scook_len||
fetch|scook_reg||
fetch|scook_sub||
fetch|scook_val||
fetch|server_status|2.9|
fetch|shdr||
fetch|shdr_beg||
fetch|shdr_cnt||
fetch|shdr_dir||
fetch|shdr_dom||
fetch|shdr_end||
fetch|shdr_ip||
fetch|shdr_len||
fetch|shdr_reg||
fetch|shdr_sub||
fetch|shdr_val||
fetch|so_id||
fetch|so_name||
fetch|spoe.engine-id|3.1|
fetch|src||
fetch|src_bytes_in_rate||
fetch|src_bytes_out_rate||
fetch|src_clr_gpc||
fetch|src_clr_gpc0||
fetch|src_clr_gpc1||
fetch|src_conn_cnt||
fetch|src_conn_cur||
fetch|src_conn_rate||
fetch|src_get_gpc||
fetch|src_get_gpc0||
fetch|src_get_gpc1||
fetch|src_get_gpt||
fetch|src_get_gpt0||
fetch|src_glitch_cnt|3.0|
fetch|src_glitch_rate|3.0|
fetch|src_gpc0_rate||
fetch|src_gpc1_rate||
fetch|src_gpc_rate||
fetch|src_http_err_cnt||
fetch|src_http_err_rate||
fetch|src_http_fail_cnt||
fetch|src_http_fail_rate||
fetch|src_http_req_cnt||
fetch|src_http_req_rate||
fetch|src_inc_gpc||
fetch|src_inc_gpc0||
fetch|src_inc_gpc1||
fetch|src_is_local||
fetch|src_kbytes_in||
fetch|src_kbytes_out||
fetch|src_port||
fetch|src_sess_cnt||
fetch|src_sess_rate||
fetch|src_updt_conn_cnt||
fetch|srv_conn||
fetch|srv_conn_free||
fetch|srv_id||
fetch|srv_is_up||
fetch|srv_iweight||
fetch|srv_name||
fetch|srv_queue||
fetch|srv_sess_rate||
fetch|srv_uweight||
fetch|srv_weight||
fetch|ssl_bc||
fetch|ssl_bc_alg_keysize||
fetch|ssl_bc_alpn||
fetch|ssl_bc_cipher||
fetch|ssl_bc_client_early_traffic_secret|3.0|
fetch|ssl_bc_client_handshake_traffic_secret|3.0|
fetch|ssl_bc_client_random||
fetch|ssl_bc_client_traffic_secret_0|3.0|
fetch|ssl_bc_curve|2.9|
fetch|ssl_bc_early_exporter_secret|3.0|
fetch|ssl_bc_err||
fetch|ssl_bc_err_str||
fetch|ssl_bc_exporter_secret|3.0|
fetch|ssl_bc_is_resumed||
fetch|ssl_bc_npn||
fetch|ssl_bc_protocol||
fetch|ssl_bc_server_handshake_traffic_secret|3.0|
fetch|ssl_bc_server_random||
fetch|ssl_bc_server_traffic_secret_0|3.0|
fetch|ssl_bc_session_id||
fetch|ssl_bc_session_key||
fetch|ssl_bc_sni|3.3|
fetch|ssl_bc_unique_id||
fetch|ssl_bc_use_keysize||
fetch|ssl_c_ca_err||
fetch|ssl_c_ca_err_depth||
fetch|ssl_c_chain_der||
fetch|ssl_c_der||
fetch|ssl_c_err||
fetch|ssl_c_i_dn||
fetch|ssl_c_key_alg||
fetch|ssl_c_notafter||
fetch|ssl_c_notbefore||
fetch|ssl_c_r_dn|2.8|
fetch|ssl_c_s_dn||
fetch|ssl_c_san|3.1|
fetch|ssl_c_serial||
fetch|ssl_c_sha1||
fetch|ssl_c_sig_alg||
fetch|ssl_c_used||
fetch|ssl_c_verify||
fetch|ssl_c_version||
fetch|ssl_f_der||
fetch|ssl_f_i_dn||
fetch|ssl_f_key_alg||
fetch|ssl_f_notafter||
fetch|ssl_f_notbefore||
fetch|ssl_f_s_dn||
fetch|ssl_f_serial||
fetch|ssl_f_sha1||
fetch|ssl_f_sig_alg||
fetch|ssl_f_version||
fetch|ssl_fc||
fetch|ssl_fc_alg_keysize||
fetch|ssl_fc_alpn||
fetch|ssl_fc_cipher||
fetch|ssl_fc_cipherlist_bin||
fetch|ssl_fc_cipherlist_hex||
fetch|ssl_fc_cipherlist_str||
fetch|ssl_fc_cipherlist_xxh||
fetch|ssl_fc_client_early_traffic_secret||
fetch|ssl_fc_client_handshake_traffic_secret||
fetch|ssl_fc_client_random||
fetch|ssl_fc_client_traffic_secret_0||
fetch|ssl_fc_crtname|3.4|
fetch|ssl_fc_curve|2.9|
fetch|ssl_fc_early_exporter_secret||
fetch|ssl_fc_early_rcvd|3.3|
fetch|ssl_fc_ecformats_bin||
fetch|ssl_fc_ech_outer_sni|3.3|
fetch|ssl_fc_ech_status|3.3|
fetch|ssl_fc_eclist_bin||
fetch|ssl_fc_err||
fetch|ssl_fc_err_str||
fetch|ssl_fc_exporter_secret||
fetch|ssl_fc_extlist_bin||
fetch|ssl_fc_has_crt||
fetch|ssl_fc_has_early||
fetch|ssl_fc_has_sni||
fetch|ssl_fc_is_resumed||
fetch|ssl_fc_npn||
fetch|ssl_fc_protocol||
fetch|ssl_fc_protocol_hello_id||
fetch|ssl_fc_server_handshake_traffic_secret||
fetch|ssl_fc_server_random||
fetch|ssl_fc_server_traffic_secret_0||
fetch|ssl_fc_session_id||
fetch|ssl_fc_session_key||
fetch|ssl_fc_sigalgs_bin|3.1|
fetch|ssl_fc_sni||
fetch|ssl_fc_sni_end||
fetch|ssl_fc_sni_reg||
fetch|ssl_fc_supported_versions_bin|3.1|
fetch|ssl_fc_unique_id||
fetch|ssl_fc_use_keysize||
fetch|ssl_ocsp_certid|2.8|3.0
fetch|ssl_ocsp_certname|2.8|3.0
fetch|ssl_ocsp_fail_cnt|2.8|3.0
fetch|ssl_ocsp_status|2.8|3.0
fetch|ssl_ocsp_status_str|2.8|3.0
fetch|ssl_ocsp_success_cnt|2.8|3.0
fetch|ssl_s_chain_der||
fetch|ssl_s_der||
fetch|ssl_s_i_dn||
fetch|ssl_s_key_alg||
fetch|ssl_s_notafter||
fetch|ssl_s_notbefore||
fetch|ssl_s_s_dn||
fetch|ssl_s_serial||
fetch|ssl_s_sha1||
fetch|ssl_s_sig_alg||
fetch|ssl_s_version||
fetch|status||
fetch|stopping||
fetch|str||
fetch|table_avl||
fetch|table_cnt||
fetch|term_events|3.2|
fetch|tgroup|3.4|
fetch|thread||
fetch|txn.conn_retries|2.9|
fetch|txn.id32|2.9|
fetch|txn.redispatched|3.0|
fetch|txn.sess_term_state|2.9|
fetch|txn.status|2.9|
fetch|txn.timer.total|2.9|
fetch|txn.timer.user|2.9|
fetch|unique-id||
fetch|uptime|3.0|
fetch|url||
fetch|url32||
fetch|url32+src||
fetch|url_beg||
fetch|url_dir||
fetch|url_dom||
fetch|url_end||
fetch|url_ip||
fetch|url_len||
fetch|url_param||
fetch|url_port||
fetch|url_reg||
fetch|url_sub||
fetch|urlp||
fetch|urlp_beg||
fetch|urlp_dir||
fetch|urlp_dom||
fetch|urlp_end||
fetch|urlp_len||
fetch|urlp_reg||
fetch|urlp_sub||
fetch|urlp_val||
fetch|uuid||
fetch|var||
fetch|wait_end||
fetch|waiting_entity|3.1|
fetch|wurfl-get||
fetch|wurfl-get-all||
http-after-response|add-header||
http-after-response|add-headers-bin|3.4|
http-after-response|allow||
http-after-response|capture||
http-after-response|del-acl*|2.8|
http-after-response|del-header||
http-after-response|del-headers-bin|3.4|
http-after-response|del-map*|2.8|
http-after-response|do-log|3.1|
http-after-response|ot-group||
http-after-response|replace-header||
http-after-response|replace-value||
http-after-response|sc-add-gpc*|2.8|
http-after-response|sc-inc-gpc*|2.8|
http-after-response|sc-inc-gpc0*|2.8|
http-after-response|sc-inc-gpc1*|2.8|
http-after-response|sc-set-gpt*|2.8|
http-after-response|sc-set-gpt0*|2.8|
http-after-response|set-header||
http-after-response|set-headers-bin|3.4|
http-after-response|set-log-level|2.8|
http-after-response|set-map*|2.8|
http-after-response|set-status||
http-after-response|set-var*||
http-after-response|set-var-fmt*||
http-after-response|strict-mode||
http-after-response|unset-var*||
http-request|add-acl*||
http-request|add-header||
http-request|add-headers-bin|3.4|
http-request|allow||
http-request|auth||
http-request|cache-use||
http-request|capture||
http-request|del-acl*||
http-request|del-header||
http-request|del-headers-bin|3.4|
http-request|del-map*||
http-request|deny||
http-request|disable-l7-retry||
http-request|do-log|3.1|
http-request|do-resolve*||
http-request|early-hint||
http-request|normalize-uri||
http-request|ot-group||
http-request|pause|3.2|
http-request|redirect||
http-request|reject||
http-request|replace-header||
http-request|replace-path||
http-request|replace-pathq||
http-request|replace-uri||
http-request|replace-value||
http-request|return||
http-request|sc-add-gpc*|2.8|
http-request|sc-inc-gpc*||
http-request|sc-inc-gpc0*||
http-request|sc-inc-gpc1*||
http-request|sc-set-gpt*||
http-request|sc-set-gpt0*||
http-request|send-spoe-group||
http-request|set-bandwidth-limit|2.7|
http-request|set-bc-mark|3.0|
http-request|set-bc-tos|3.0|
http-request|set-dst||
http-request|set-dst-port||
http-request|set-fc-mark|3.0|
http-request|set-fc-tos|3.0|
http-request|set-header||
http-request|set-headers-bin|3.4|
http-request|set-log-level||
http-request|set-map*||
http-request|set-mark||
http-request|set-method||
http-request|set-nice||
http-request|set-path||
http-request|set-pathq||
http-request|set-priority-class||
http-request|set-priority-offset||
http-request|set-query||
http-request|set-retries|3.1|
http-request|set-src||
http-request|set-src-port||
http-request|set-timeout||
http-request|set-tos||
http-request|set-uri||
http-request|set-var*||
http-request|set-var-fmt*||
http-request|silent-drop||
http-request|strict-mode||
http-request|tarpit||
http-request|track-sc*||
http-request|unset-var*||
http-request|use-service||
http-request|wait-for-body||
http-request|wait-for-handshake||
http-response|add-acl*||
http-response|add-header||
http-response|add-headers-bin|3.4|
http-response|allow||
http-response|cache-store||
http-response|capture||
http-response|del-acl*||
http-response|del-header||
http-response|del-headers-bin|3.4|
http-response|del-map*||
http-response|deny||
http-response|do-log|3.1|
http-response|ot-group||
http-response|pause|3.2|
http-response|redirect||
http-response|replace-header||
http-response|replace-value||
http-response|return||
http-response|sc-add-gpc*|2.8|
http-response|sc-inc-gpc*||
http-response|sc-inc-gpc0*||
http-response|sc-inc-gpc1*||
http-response|sc-set-gpt*||
http-response|sc-set-gpt0*||
http-response|send-spoe-group||
http-response|set-bandwidth-limit|2.7|
http-response|set-fc-mark|3.0|
http-response|set-fc-tos|3.0|
http-response|set-header||
http-response|set-headers-bin|3.4|
http-response|set-log-level||
http-response|set-map*||
http-response|set-mark||
http-response|set-nice||
http-response|set-status||
http-response|set-timeout|2.9|
http-response|set-tos||
http-response|set-var*||
http-response|set-var-fmt*||
http-response|silent-drop||
http-response|strict-mode||
http-response|track-sc*||
http-response|unset-var*||
http-response|wait-for-body||
tcp-request connection|accept||
tcp-request connection|capture||
tcp-request connection|do-log|3.1|
tcp-request connection|expect-netscaler-cip||
tcp-request connection|expect-proxy||
tcp-request connection|reject||
tcp-request connection|sc-add-gpc*|2.8|
tcp-request connection|sc-inc-gpc*||
tcp-request connection|sc-inc-gpc0*||
tcp-request connection|sc-inc-gpc1*||
tcp-request connection|sc-set-gpt*||
tcp-request connection|sc-set-gpt0*||
tcp-request connection|set-dst||
tcp-request connection|set-dst-port||
tcp-request connection|set-fc-mark|3.0|
tcp-request connection|set-fc-tos|3.0|
tcp-request connection|set-mark||
tcp-request connection|set-src||
tcp-request connection|set-src-port||
tcp-request connection|set-tos||
tcp-request connection|set-var*||
tcp-request connection|set-var-fmt*||
tcp-request connection|silent-drop||
tcp-request connection|track-sc*||
tcp-request connection|unset-var*||
tcp-request content|accept||
tcp-request content|capture||
tcp-request content|do-log|3.1|
tcp-request content|do-resolve*||
tcp-request content|ot-group||
tcp-request content|reject||
tcp-request content|sc-add-gpc*|2.8|
tcp-request content|sc-inc-gpc*||
tcp-request content|sc-inc-gpc0*||
tcp-request content|sc-inc-gpc1*||
tcp-request content|sc-set-gpt*||
tcp-request content|sc-set-gpt0*||
tcp-request content|send-spoe-group||
tcp-request content|set-bandwidth-limit|2.7|
tcp-request content|set-bc-mark|3.0|
tcp-request content|set-bc-tos|3.0|
tcp-request content|set-dst||
tcp-request content|set-dst-port||
tcp-request content|set-fc-mark|3.0|
tcp-request content|set-fc-tos|3.0|
tcp-request content|set-log-level||
tcp-request content|set-mark||
tcp-request content|set-nice||
tcp-request content|set-priority-class||
tcp-request content|set-priority-offset||
tcp-request content|set-retries|3.1|
tcp-request content|set-src||
tcp-request content|set-src-port||
tcp-request content|set-tos||
tcp-request content|set-var*||
tcp-request content|set-var-fmt*||
tcp-request content|silent-drop||
tcp-request content|switch-mode||
tcp-request content|track-sc*||
tcp-request content|unset-var*||
tcp-request content|use-service||
tcp-request session|accept||
tcp-request session|attach-srv|2.9|
tcp-request session|capture||
tcp-request session|do-log|3.1|
tcp-request session|reject||
tcp-request session|sc-add-gpc*|2.8|
tcp-request session|sc-inc-gpc*||
tcp-request session|sc-inc-gpc0*||
tcp-request session|sc-inc-gpc1*||
tcp-request session|sc-set-gpt*||
tcp-request session|sc-set-gpt0*||
tcp-request session|set-dst||
tcp-request session|set-dst-port||
tcp-request session|set-fc-mark|3.0|
tcp-request session|set-fc-tos|3.0|
tcp-request session|set-mark||
tcp-request session|set-src||
tcp-request session|set-src-port||
tcp-request session|set-tos||
tcp-request session|set-var*||
tcp-request session|set-var-fmt*||
tcp-request session|silent-drop||
tcp-request session|track-sc*||
tcp-request session|unset-var*||
tcp-response content|accept||
tcp-response content|close||
tcp-response content|do-log|3.1|
tcp-response content|ot-group||
tcp-response content|reject||
tcp-response content|sc-add-gpc*|2.8|
tcp-response content|sc-inc-gpc*||
tcp-response content|sc-inc-gpc0*||
tcp-response content|sc-inc-gpc1*||
tcp-response content|sc-set-gpt*||
tcp-response content|sc-set-gpt0*||
tcp-response content|send-spoe-group||
tcp-response content|set-bandwidth-limit|2.7|
tcp-response content|set-fc-mark|3.0|
tcp-response content|set-fc-tos|3.0|
tcp-response content|set-log-level||
tcp-response content|set-mark||
tcp-response content|set-nice||
tcp-response content|set-tos||
tcp-response content|set-var*||
tcp-response content|set-var-fmt*||
tcp-response content|silent-drop||
tcp-response content|unset-var*||
"""
