"""Sample fetches, converters and the actions of rules.

Made by ``tools/derive_names.py``; each line is ``kind|since|removed|names``.
"""

ROWS = """\
converter|||51d.single add add_item aes_gcm_dec and b64dec base64 be2dec be2hex bool bytes capture-req capture-res concat
converter|||cpl crc32 crc32c cut_crlf da-csv-conv debug digest div djb2 even field fix_is_valid fix_tag_value hex hex2i
converter|||hmac host_only htonl http_date iif in_table ipmask json json_query jwt_header_query jwt_payload_query
converter|||jwt_verify language length lower ltime ltrim map map_beg map_beg_int map_beg_ip map_dir map_dir_int map_dir_ip
converter|||map_dom map_dom_int map_dom_ip map_end map_end_int map_end_ip map_int map_int_int map_int_ip map_ip map_ip_int
converter|||map_ip_ip map_reg map_reg_int map_reg_ip map_regm map_str map_str_int map_str_ip map_sub map_sub_int
converter|||map_sub_ip mod mqtt_field_value mqtt_is_valid mul nbsrv neg not odd or port_only protobuf regsub rtrim sdbm
converter|||secure_memcmp set-var sha1 sha2 srv_queue strcmp sub table_bytes_in_rate table_bytes_out_rate table_conn_cnt
converter|||table_conn_cur table_conn_rate table_expire table_gpc table_gpc0 table_gpc0_rate table_gpc1 table_gpc1_rate
converter|||table_gpc_rate table_gpt table_gpt0 table_http_err_cnt table_http_err_rate table_http_fail_cnt
converter|||table_http_fail_rate table_http_req_cnt table_http_req_rate table_idle table_kbytes_in table_kbytes_out
converter|||table_server_id table_sess_cnt table_sess_rate table_trackers ub64dec ub64enc ungrpc unset-var upper url_dec
converter|||url_enc utime word wt6 xor xxh3 xxh32 xxh64
converter|3.4||aes_cbc_dec aes_cbc_enc eth.data eth.dst eth.hdr eth.proto eth.src eth.vlan fe_exists ip.data ip.df ip.dst
converter|3.4||ip.fp ip.hdr ip.proto ip.src ip.tos ip.ttl ip.ver jwt_decrypt_cert jwt_decrypt_jwk jwt_decrypt_secret reverse
converter|3.4||reverse_dom tcp.dst tcp.flags tcp.options.mss tcp.options.sack tcp.options.tsopt tcp.options.tsval
converter|3.4||tcp.options.wscale tcp.options.wsopt tcp.options_list tcp.seq tcp.src tcp.win
converter|3.0||aes_gcm_enc map_beg_key map_dir_key map_dom_key map_end_key map_int_key map_ip_key map_reg_key map_str_key
converter|3.0||map_sub_key table_glitch_cnt table_glitch_rate
converter|3.3||base2 jwt_verify_cert le2dec srv_is_up
converter|3.1||date rfc7239_nn rfc7239_np when
converter|2.9||ms_ltime ms_utime us_ltime us_utime
converter|2.8||param rfc7239_field rfc7239_is_valid rfc7239_n2nn rfc7239_n2np
converter|3.2||table_clr_gpc table_clr_gpc0 table_clr_gpc1 table_inc_gpc table_inc_gpc0 table_inc_gpc1
converter|2.7||x509_v_err_str
fetch|||51d.all always_false always_true avg_queue base base32 base32+src base_beg base_dir base_dom base_end base_len
fetch|||base_reg base_sub baseq bc_dst bc_dst_port bc_err bc_err_str bc_http_major bc_src bc_src_port be_conn
fetch|||be_conn_free be_id be_name be_server_timeout be_sess_rate be_tunnel_timeout bin bool capture.req.hdr
fetch|||capture.req.method capture.req.uri capture.req.ver capture.res.hdr capture.res.ver connslots cook cook_beg
fetch|||cook_cnt cook_dir cook_dom cook_end cook_len cook_reg cook_sub cook_val cookie cpu_calls cpu_ns_avg cpu_ns_tot
fetch|||cur_server_timeout cur_tunnel_timeout da-csv-fetch date date_us distcc_body distcc_param dst dst_conn
fetch|||dst_is_local dst_port env fc_dst fc_dst_is_local fc_dst_port fc_err fc_err_str fc_fackets fc_http_major
fetch|||fc_lost fc_pp_authority fc_pp_unique_id fc_rcvd_proxy fc_reordering fc_retrans fc_rtt fc_rttvar fc_sacked
fetch|||fc_src fc_src_is_local fc_src_port fc_unacked fcgi.docroot fcgi.index fe_client_timeout fe_conn fe_defbe fe_id
fetch|||fe_name fe_req_rate fe_sess_rate hdr hdr_beg hdr_cnt hdr_dir hdr_dom hdr_end hdr_ip hdr_len hdr_reg hdr_sub
fetch|||hdr_val hostname http_auth http_auth_bearer http_auth_group http_auth_pass http_auth_type http_auth_user
fetch|||http_first_req int internal.htx.data internal.htx.free internal.htx.free_data internal.htx.has_eom
fetch|||internal.htx.nbblks internal.htx.size internal.htx.used internal.htx_blk.data internal.htx_blk.hdrname
fetch|||internal.htx_blk.hdrval internal.htx_blk.size internal.htx_blk.start_line internal.htx_blk.type
fetch|||internal.strm.is_htx ipv4 ipv6 last_rule_file last_rule_line lat_ns_avg lat_ns_tot meth method nbproc nbsrv
fetch|||path path_beg path_dir path_dom path_end path_len path_reg path_sub pathq payload payload_lv prio_class
fetch|||prio_offset proc query queue rand rdp_cookie rdp_cookie_cnt rep_ssl_hello_type req.body req.body_len
fetch|||req.body_param req.body_size req.cook req.cook_cnt req.cook_val req.fhdr req.fhdr_cnt req.hdr req.hdr_cnt
fetch|||req.hdr_ip req.hdr_names req.hdr_val req.hdrs req.hdrs_bin req.len req.payload req.payload_lv req.proto_http
fetch|||req.rdp_cookie req.rdp_cookie_cnt req.ssl_alpn req.ssl_ec_ext req.ssl_hello_type req.ssl_sni req.ssl_st_ext
fetch|||req.ssl_ver req.ver req_len req_proto_http req_rdp_cookie req_rdp_cookie_cnt req_ssl_hello_type req_ssl_sni
fetch|||req_ssl_ver req_ver res.body res.body_len res.body_size res.cache_hit res.cache_name res.comp res.comp_algo
fetch|||res.cook res.cook_cnt res.cook_val res.fhdr res.fhdr_cnt res.hdr res.hdr_cnt res.hdr_ip res.hdr_names
fetch|||res.hdr_val res.hdrs res.hdrs_bin res.len res.payload res.payload_lv res.ssl_hello_type res.ver resp_ver
fetch|||sc0_bytes_in_rate sc0_bytes_out_rate sc0_clr_gpc0 sc0_clr_gpc1 sc0_conn_cnt sc0_conn_cur sc0_conn_rate
fetch|||sc0_get_gpc0 sc0_get_gpc1 sc0_get_gpt0 sc0_gpc0_rate sc0_gpc1_rate sc0_http_err_cnt sc0_http_err_rate
fetch|||sc0_http_fail_cnt sc0_http_fail_rate sc0_http_req_cnt sc0_http_req_rate sc0_inc_gpc0 sc0_inc_gpc1
fetch|||sc0_kbytes_in sc0_kbytes_out sc0_sess_cnt sc0_sess_rate sc0_tracked sc0_trackers sc1_bytes_in_rate
fetch|||sc1_bytes_out_rate sc1_clr_gpc sc1_clr_gpc0 sc1_clr_gpc1 sc1_conn_cnt sc1_conn_cur sc1_conn_rate sc1_get_gpc0
fetch|||sc1_get_gpc1 sc1_get_gpt0 sc1_gpc0_rate sc1_gpc1_rate sc1_http_err_cnt sc1_http_err_rate sc1_http_fail_cnt
fetch|||sc1_http_fail_rate sc1_http_req_cnt sc1_http_req_rate sc1_inc_gpc0 sc1_inc_gpc1 sc1_kbytes_in sc1_kbytes_out
fetch|||sc1_sess_cnt sc1_sess_rate sc1_tracked sc1_trackers sc2_bytes_in_rate sc2_bytes_out_rate sc2_clr_gpc0
fetch|||sc2_clr_gpc1 sc2_conn_cnt sc2_conn_cur sc2_conn_rate sc2_get_gpc0 sc2_get_gpc1 sc2_get_gpt0 sc2_gpc0_rate
fetch|||sc2_gpc1_rate sc2_http_err_cnt sc2_http_err_rate sc2_http_fail_cnt sc2_http_fail_rate sc2_http_req_cnt
fetch|||sc2_http_req_rate sc2_inc_gpc0 sc2_inc_gpc1 sc2_kbytes_in sc2_kbytes_out sc2_sess_cnt sc2_sess_rate
fetch|||sc2_tracked sc2_trackers sc_bytes_in_rate sc_bytes_out_rate sc_clr_gpc sc_clr_gpc0 sc_clr_gpc1 sc_conn_cnt
fetch|||sc_conn_cur sc_conn_rate sc_get_gpc sc_get_gpc0 sc_get_gpc1 sc_get_gpt sc_get_gpt0 sc_gpc0_rate sc_gpc1_rate
fetch|||sc_gpc_rate sc_http_err_cnt sc_http_err_rate sc_http_fail_cnt sc_http_fail_rate sc_http_req_cnt
fetch|||sc_http_req_rate sc_inc_gpc sc_inc_gpc0 sc_inc_gpc1 sc_kbytes_in sc_kbytes_out sc_sess_cnt sc_sess_rate
fetch|||sc_tracked sc_trackers scook scook_beg scook_cnt scook_dir scook_dom scook_end scook_len scook_reg scook_sub
fetch|||scook_val shdr shdr_beg shdr_cnt shdr_dir shdr_dom shdr_end shdr_ip shdr_len shdr_reg shdr_sub shdr_val so_id
fetch|||so_name src src_bytes_in_rate src_bytes_out_rate src_clr_gpc src_clr_gpc0 src_clr_gpc1 src_conn_cnt
fetch|||src_conn_cur src_conn_rate src_get_gpc src_get_gpc0 src_get_gpc1 src_get_gpt src_get_gpt0 src_gpc0_rate
fetch|||src_gpc1_rate src_gpc_rate src_http_err_cnt src_http_err_rate src_http_fail_cnt src_http_fail_rate
fetch|||src_http_req_cnt src_http_req_rate src_inc_gpc src_inc_gpc0 src_inc_gpc1 src_is_local src_kbytes_in
fetch|||src_kbytes_out src_port src_sess_cnt src_sess_rate src_updt_conn_cnt srv_conn srv_conn_free srv_id srv_is_up
fetch|||srv_iweight srv_name srv_queue srv_sess_rate srv_uweight srv_weight ssl_bc ssl_bc_alg_keysize ssl_bc_alpn
fetch|||ssl_bc_cipher ssl_bc_client_random ssl_bc_err ssl_bc_err_str ssl_bc_is_resumed ssl_bc_npn ssl_bc_protocol
fetch|||ssl_bc_server_random ssl_bc_session_id ssl_bc_session_key ssl_bc_unique_id ssl_bc_use_keysize ssl_c_ca_err
fetch|||ssl_c_ca_err_depth ssl_c_chain_der ssl_c_der ssl_c_err ssl_c_i_dn ssl_c_key_alg ssl_c_notafter ssl_c_notbefore
fetch|||ssl_c_s_dn ssl_c_serial ssl_c_sha1 ssl_c_sig_alg ssl_c_used ssl_c_verify ssl_c_version ssl_f_der ssl_f_i_dn
fetch|||ssl_f_key_alg ssl_f_notafter ssl_f_notbefore ssl_f_s_dn ssl_f_serial ssl_f_sha1 ssl_f_sig_alg ssl_f_version
fetch|||ssl_fc ssl_fc_alg_keysize ssl_fc_alpn ssl_fc_cipher ssl_fc_cipherlist_bin ssl_fc_cipherlist_hex
fetch|||ssl_fc_cipherlist_str ssl_fc_cipherlist_xxh ssl_fc_client_early_traffic_secret
fetch|||ssl_fc_client_handshake_traffic_secret ssl_fc_client_random ssl_fc_client_traffic_secret_0
fetch|||ssl_fc_early_exporter_secret ssl_fc_ecformats_bin ssl_fc_eclist_bin ssl_fc_err ssl_fc_err_str
fetch|||ssl_fc_exporter_secret ssl_fc_extlist_bin ssl_fc_has_crt ssl_fc_has_early ssl_fc_has_sni ssl_fc_is_resumed
fetch|||ssl_fc_npn ssl_fc_protocol ssl_fc_protocol_hello_id ssl_fc_server_handshake_traffic_secret
fetch|||ssl_fc_server_random ssl_fc_server_traffic_secret_0 ssl_fc_session_id ssl_fc_session_key ssl_fc_sni
fetch|||ssl_fc_sni_end ssl_fc_sni_reg ssl_fc_unique_id ssl_fc_use_keysize ssl_s_chain_der ssl_s_der ssl_s_i_dn
fetch|||ssl_s_key_alg ssl_s_notafter ssl_s_notbefore ssl_s_s_dn ssl_s_serial ssl_s_sha1 ssl_s_sig_alg ssl_s_version
fetch|||status stopping str table_avl table_cnt thread unique-id url url32 url32+src url_beg url_dir url_dom url_end
fetch|||url_ip url_len url_param url_port url_reg url_sub urlp urlp_beg urlp_dir urlp_dom urlp_end urlp_len urlp_reg
fetch|||urlp_sub urlp_val uuid var wait_end wurfl-get wurfl-get-all
fetch|2.9||accept_date acl act_conn bc.timer.connect bs.id bytes_in bytes_out cur_client_timeout fc.timer.handshake
fetch|2.9||fc.timer.total fc_pp_tlv fs.id pid req.cook_names req.timer.hdr req.timer.idle req.timer.queue req.timer.tq
fetch|2.9||request_date res.cook_names res.timer.data res.timer.hdr server_status ssl_bc_curve ssl_fc_curve
fetch|2.9||txn.conn_retries txn.id32 txn.sess_term_state txn.status txn.timer.total txn.timer.user
fetch|3.0||bc_be_queue bc_nb_streams bc_srv_queue bs.aborted bs.rst_code fc_nb_streams fc_settings_streams_limit
fetch|3.0||fs.aborted fs.rst_code sc0_glitch_cnt sc0_glitch_rate sc1_glitch_cnt sc1_glitch_rate sc2_glitch_cnt
fetch|3.0||sc2_glitch_rate sc_glitch_cnt sc_glitch_rate src_glitch_cnt src_glitch_rate ssl_bc_client_early_traffic_secret
fetch|3.0||ssl_bc_client_handshake_traffic_secret ssl_bc_client_traffic_secret_0 ssl_bc_early_exporter_secret
fetch|3.0||ssl_bc_exporter_secret ssl_bc_server_handshake_traffic_secret ssl_bc_server_traffic_secret_0 txn.redispatched
fetch|3.0||uptime
fetch|3.1||bc_err_name bs.debug_str fc_err_name fs.debug_str last_entity spoe.engine-id ssl_c_san ssl_fc_sigalgs_bin
fetch|3.1||ssl_fc_supported_versions_bin waiting_entity
fetch|2.8||bc_glitches bc_rtt bc_rttvar fc_glitches quic_enabled ssl_c_r_dn
fetch|3.2||bc_reused req.ssl_cipherlist req.ssl_keyshare_groups req.ssl_sigalgs req.ssl_supported_groups sc0_key sc1_key
fetch|3.2||sc2_key sc_key term_events
fetch|3.0|3.4|bc_setting_streams_limit
fetch|3.4||bc_settings_streams_limit be_connect_timeout be_queue_timeout be_tarpit_timeout cpu_usage_grp cpu_usage_proc
fetch|3.4||cpu_usage_thr cur_connect_timeout cur_queue_timeout cur_tarpit_timeout dump_all_vars fc_saved_syn
fetch|3.4||fe_tarpit_timeout ssl_fc_crtname tgroup
fetch|3.3||req.bytes_in req.bytes_out res.bytes_in res.bytes_out ssl_bc_sni ssl_fc_early_rcvd ssl_fc_ech_outer_sni
fetch|3.3||ssl_fc_ech_status
fetch|2.8|3.0|ssl_ocsp_certid ssl_ocsp_certname ssl_ocsp_fail_cnt ssl_ocsp_status ssl_ocsp_status_str ssl_ocsp_success_cnt
http-after-response|||add-header allow capture del-header ot-group replace-header replace-value set-header set-status set-var*
http-after-response|||set-var-fmt* strict-mode unset-var*
http-after-response|3.4||add-headers-bin del-headers-bin set-headers-bin
http-after-response|2.8||del-acl* del-map* sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-log-level
http-after-response|2.8||set-map*
http-after-response|3.1||do-log
http-request|||add-acl* add-header allow auth cache-use capture del-acl* del-header del-map* deny disable-l7-retry
http-request|||do-resolve* early-hint normalize-uri ot-group redirect reject replace-header replace-path replace-pathq
http-request|||replace-uri replace-value return sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0*
http-request|||send-spoe-group set-dst set-dst-port set-header set-log-level set-map* set-mark set-method set-nice set-path
http-request|||set-pathq set-priority-class set-priority-offset set-query set-src set-src-port set-timeout set-tos set-uri
http-request|||set-var* set-var-fmt* silent-drop strict-mode tarpit track-sc* unset-var* use-service wait-for-body
http-request|||wait-for-handshake
http-request|3.4||add-headers-bin del-headers-bin set-headers-bin
http-request|3.1||do-log set-retries
http-request|3.2||pause
http-request|2.8||sc-add-gpc*
http-request|2.7||set-bandwidth-limit
http-request|3.0||set-bc-mark set-bc-tos set-fc-mark set-fc-tos
http-response|||add-acl* add-header allow cache-store capture del-acl* del-header del-map* deny ot-group redirect
http-response|||replace-header replace-value return sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0*
http-response|||send-spoe-group set-header set-log-level set-map* set-mark set-nice set-status set-tos set-var* set-var-fmt*
http-response|||silent-drop strict-mode track-sc* unset-var* wait-for-body
http-response|3.4||add-headers-bin del-headers-bin set-headers-bin
http-response|3.1||do-log
http-response|3.2||pause
http-response|2.8||sc-add-gpc*
http-response|2.7||set-bandwidth-limit
http-response|3.0||set-fc-mark set-fc-tos
http-response|2.9||set-timeout
quic-initial|3.1||accept dgram-drop reject send-retry
tcp-request connection|||accept capture expect-netscaler-cip expect-proxy reject sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt*
tcp-request connection|||sc-set-gpt0* set-dst set-dst-port set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop
tcp-request connection|||track-sc* unset-var*
tcp-request connection|3.1||do-log
tcp-request connection|2.8||sc-add-gpc*
tcp-request connection|3.0||set-fc-mark set-fc-tos
tcp-request content|||accept capture do-resolve* ot-group reject sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0*
tcp-request content|||send-spoe-group set-dst set-dst-port set-log-level set-mark set-nice set-priority-class set-priority-offset
tcp-request content|||set-src set-src-port set-tos set-var* set-var-fmt* silent-drop switch-mode track-sc* unset-var* use-service
tcp-request content|3.1||do-log set-retries
tcp-request content|2.8||sc-add-gpc*
tcp-request content|2.7||set-bandwidth-limit
tcp-request content|3.0||set-bc-mark set-bc-tos set-fc-mark set-fc-tos
tcp-request session|||accept capture reject sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-dst set-dst-port
tcp-request session|||set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop track-sc* unset-var*
tcp-request session|2.9||attach-srv
tcp-request session|3.1||do-log
tcp-request session|2.8||sc-add-gpc*
tcp-request session|3.0||set-fc-mark set-fc-tos
tcp-response content|||accept close ot-group reject sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group
tcp-response content|||set-log-level set-mark set-nice set-tos set-var* set-var-fmt* silent-drop unset-var*
tcp-response content|3.1||do-log
tcp-response content|2.8||sc-add-gpc*
tcp-response content|2.7||set-bandwidth-limit
tcp-response content|3.0||set-fc-mark set-fc-tos
"""
