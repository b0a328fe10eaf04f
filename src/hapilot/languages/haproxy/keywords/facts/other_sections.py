"""The other sections, and their keywords as ``section keyword``.

Made by ``tools/derive_keywords.py``; each line is ``name|sections|arity|since|deprecated|removed``.
"""

ROWS = """\
acme||1-1|3.2||
acme account-key||1-1|3.2||
acme acme-vars||1-1|3.4||
acme bits||1-1|3.2||
acme challenge||1-1|3.2||
acme challenge-ready||0-|3.4||
acme contact||1-1|3.2||
acme curves||1-1|3.2||
acme directory||1-1|3.2||
acme dns-delay||1-1|3.4||
acme dns-timeout||1-1|3.4||
acme eab-key-id||1-1|3.4||
acme eab-mac-alg||1-1|3.4||
acme eab-mac-key||1-1|3.4||
acme keytype||1-1|3.2||
acme map||1-1|3.2||
acme profile||1-1|3.4||
acme provider-name||1-1|3.4||
acme reuse-key||1-1|3.3||
cache||1-1|||
cache max-age||1-1|||
cache max-object-size||1-1|||
cache max-secondary-entries||1-1|||
cache process-vary||1-1|||
cache total-max-size||1-1|||
crt-store||0-1|3.0||
crt-store crt-base||1-1|3.0||
crt-store key-base||1-1|3.0||
crt-store load||0-|3.0||
fcgi-app||1-1|||
fcgi-app acl||3-|||
fcgi-app docroot||1-1|||
fcgi-app index||1-1|||
fcgi-app log-stderr||1-10|||
fcgi-app option||1-2|||
fcgi-app pass-header||1-|||
fcgi-app path-info||1-1|||
fcgi-app set-param||2-|||
healthcheck||1-1|3.4||
healthcheck http-check||1-|3.4||
healthcheck tcp-check||1-|3.4||
healthcheck type||1-1|3.4||
http-errors||1-1|||
http-errors errorfile||2-2|||
log-forward||1-1|||
log-forward backlog||1-1|||
log-forward bind||1-|||
log-forward dgram-bind||1-|||
log-forward log||1-10|||
log-forward maxconn||1-1|||
log-forward option||1-2|3.2||
log-forward timeout||2-2|||
log-profile||1-1|3.1||
log-profile log-tag||1-1|3.1||
log-profile on||1-6|3.1||
mailers||1-1|||
mailers mailer||2-2|||
mailers timeout||2-2|||
peers||1-1|||
peers bind||1-|||
peers default-bind||0-|||
peers default-server||0-|||
peers disabled||0-0|||
peers enabled||0-0|||
peers log||2-10|||
peers peer||2-|||
peers server||1-|||
peers shards||1-1|2.7||
peers table||5-|||
program||1-1|||3.1
program command||1-|||3.1
program group||1-1|||3.1
program option||1-1|||3.1
program user||1-1|||3.1
resolvers||1-1|||
resolvers accepted_payload_size||1-1|||
resolvers hold||2-2|||
resolvers nameserver||2-|||
resolvers parse-resolv-conf||0-0|||
resolvers resolve_retries||1-1|||
resolvers timeout||2-2|||
ring||1-1|||
ring backing-file||1-1|2.7||
ring description||1-1|||
ring format||1-1|||
ring maxlen||1-1|||
ring server||2-|||
ring size||1-1|||
ring timeout||2-2|||
traces||0-0|3.1||
traces trace||2-|3.1||
userlist||1-1|||
userlist group||1-3|||
userlist user||1-5|||
"""
