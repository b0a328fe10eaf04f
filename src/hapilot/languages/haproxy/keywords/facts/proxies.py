"""The keywords of defaults, frontend, listen and backend sections.

Made by ``tools/derive_keywords.py``; each line is ``name|sections|arity|since|deprecated|removed``.
"""

ROWS = """\
acl|D!FLB|3-|||
backlog|DFL|1-1|||
balance|DLB|1-|||
bind|FL|1-|||
bind-process|DFLB|0-|||2.7
capture cookie|FL|3-3|||
capture request header|FL|3-3|||
capture response header|FL|3-3|||
clitcpka-cnt|DFL|1-1|||
clitcpka-idle|DFL|1-1|||
clitcpka-intvl|DFL|1-1|||
compression|DFLB|1-|||
cookie|DLB|1-|||
crt|FL||3.2||
declare capture|FL|2-3|||
default-server|DLB|0-|||
default_backend|DFL|1-1|||
description|FLB|1-1|||
disabled|DFLB|0-0|||
dispatch|LB|1-1||3.3|
dynamic-cookie-key|DLB|1-1|||
email-alert from|DFLB|1-1|||
email-alert level|DFLB|1-1|||
email-alert mailers|DFLB|1-1|||
email-alert myhostname|DFLB|1-1|||
email-alert to|DFLB|1-1|||
enabled|DFLB|0-0|||
error-log-format|DFL|1-1|||
errorfile|DFLB|2-2|||
errorfiles|DFLB|1-|||
errorloc|DFLB|2-2|||
errorloc302|DFLB|2-2|||
errorloc303|DFLB|2-2|||
external-check command|DLB|1-1|||
external-check path|DLB|1-1|||
filter|FLB|1-|||
filter-sequence|FLB|2-2|3.4||
force-be-switch|FL|2-|3.4||
force-persist|LB|2-|||
fullconn|DLB|1-1|||
guid|FLB|1-1|3.0||
hash-balance-factor|DLB|1-1|||
hash-key|DLB|1-1|3.0||3.1
hash-preserve-affinity|DLB|1-1|3.2||
hash-type|DLB|3-3|||
http-after-response|D!FLB|1-|||
http-check comment|DLB|1-1|||
http-check connect|DLB|0-|||
http-check disable-on-404|DLB|0-0|||
http-check expect|DLB|2-|||
http-check send|DLB||||
http-check send-state|DLB|0-0|||
http-check set-var|DLB||||
http-check set-var-fmt|DLB||||
http-check unset-var|DLB|0-0|||
http-error|DFLB|2-|||
http-request|D!FLB|1-|||
http-response|D!FLB|1-|||
http-reuse|DLB|1-1|||
http-send-name-header|DLB|0-1|||
id|FLB|1-1|||
ignore-persist|LB|2-|||
load-server-state-from-file|DLB|1-1|||
log|DFLB*|1-12|||
log-format|DFL|1-1|||
log-format-sd|DFL|1-1|||
log-steps|DFL|1-1|3.1||
log-tag|DFLB|1-1|||
max-keep-alive-queue|DLB|1-1|||
max-session-srv-conns|DFL|1-1|||
maxconn|DFL|1-1|||
mode|DFLB|1-1|||
monitor fail|FL|2-|||
monitor-uri|DFL|1-1|||
option abortonclose|DFLB*|0-0|||
option accept-invalid-http-request|DFL*|0-0||3.1|
option accept-invalid-http-response|DLB*|0-0||3.1|
option accept-unsafe-violations-in-http-request|DFL|0-0|3.1||
option accept-unsafe-violations-in-http-response|DLB|0-0|3.1||
option allbackups|DLB*|0-0|||
option checkcache|DLB*|0-0|||
option clitcpka|DFL*|0-0|||
option contstats|DFL*|0-0|||
option disable-h2-upgrade|DFL*|0-0|||
option dontlog-normal|DFL*|0-0|||
option dontlognull|DFL*|0-0|||
option external-check|DLB|0-0|||
option forwarded|DLB*|0-11|2.8||
option forwardfor|DFLB|0-5|||
option h1-case-adjust-bogus-client|DFL*|0-0|||
option h1-case-adjust-bogus-server|DLB*|0-0|||
option http-buffer-request|DFLB*|0-0|||
option http-drop-request-trailers|DB*|0-0|3.2||
option http-drop-response-trailers|DL*|0-0|3.2||
option http-ignore-probes|DFL*|0-0|||
option http-keep-alive|DFLB*|0-0|||
option http-no-delay|DFLB*|0-0|||
option http-pretend-keepalive|DLB*|0-0|||
option http-restrict-req-hdr-names|DFLB|1-1|||
option http-server-close|DFLB*|0-0|||
option http-use-proxy-header|DFL*|0-0|||
option httpchk|DLB|0-4|||
option httpclose|DFLB*|0-0|||
option httplog|DFL|0-1|||
option httpslog|DFL|0-0|||
option idle-close-on-response|DFL*|0-0|||
option independent-streams|DFLB*|0-0|||
option ldap-check|DLB|0-0|||
option log-health-checks|DLB*|0-0|||
option log-separate-errors|DFL*|0-0|||
option logasap|DFL*|0-0|||
option mysql-check|DLB|0-3|||
option nolinger|DFLB*|0-0|||
option originalto|DFLB|0-4|||
option persist|DLB*|0-0|||
option pgsql-check|DLB|0-2|||
option prefer-last-server|DLB*|0-0|||
option redis-check|DLB|0-0|||
option redispatch|DLB*|0-1|||
option smtpchk|DLB|0-2|||
option socket-stats|DFL*|0-0|||
option splice-auto|DFLB*|0-0|||
option splice-request|DFLB*|0-0|||
option splice-response|DFLB*|0-0|||
option spop-check|DLB|0-0|||
option srvtcpka|DLB*|0-0|||
option ssl-hello-chk|DLB|0-0|||
option tcp-check|DLB|0-0|||
option tcp-smart-accept|DFL*|0-0|||
option tcp-smart-connect|DLB*|0-0|||
option tcpka|DFLB|0-0|||
option tcplog|DFL|0-1|||
option transparent|DLB*|0-0||3.3|
option use-small-buffers|DLB*|0-|3.4||
persist rdp-cookie|DLB|0-0|||
quic-initial|D!FL|1-|3.1||
rate-limit sessions|DFL|1-1|||
redirect|FLB|3-|||
retries|DLB|1-1|||
retry-on|DLB|0-4|||
server|LB|2-|||
server-state-file-name|DLB|0-1|||
server-template|LB|3-|||
source|DLB|1-3|||
srvtcpka-cnt|DLB|1-1|||
srvtcpka-idle|DLB|1-1|||
srvtcpka-intvl|DLB|1-1|||
ssl-f-use|FL|0-|3.2||
stats admin|FLB|2-2|||
stats auth|DFLB|1-1|||
stats enable|DFLB|0-0|||
stats hide-version|DFLB|0-0|||
stats http-request|FLB|1-|||
stats realm|DFLB|1-1|||
stats refresh|DFLB|1-1|||
stats scope|DFLB|1-1|||
stats show-desc|DFLB|0-1|||
stats show-legends|DFLB|0-0|||
stats show-modules|DFLB|0-0|||
stats show-node|DFLB|0-1|||
stats show-version|DFLB|0-0|3.4||
stats uri|DFLB|1-1|||
stick match|LB|1-|||
stick on|LB|1-|||
stick store-request|LB|1-|||
stick store-response|LB|1-|||
stick-table|FLB|4-|||
tcp-check comment|DLB|1-1|||
tcp-check connect|DLB|0-|||
tcp-check expect|DLB|2-|||
tcp-check send|DLB|1-3|||
tcp-check send-binary|DLB|1-3|||
tcp-check send-binary-lf|DLB|1-3|||
tcp-check send-lf|DLB|1-3|||
tcp-check set-var|DLB||||
tcp-check set-var-fmt|DLB||||
tcp-check unset-var|DLB|0-0|||
tcp-request connection|D!FL|1-|||
tcp-request content|D!FLB|1-|||
tcp-request inspect-delay|D!FLB|1-1|||
tcp-request session|D!FL|1-|||
tcp-response content|D!LB|1-|||
tcp-response inspect-delay|D!LB|1-1|||
timeout check|DLB|1-1|||
timeout client|DFL|1-1|||
timeout client-fin|DFL|1-1|||
timeout client-hs|DFL|1-1|2.9||
timeout connect|DLB|1-1|||
timeout http-keep-alive|DFLB|1-1|||
timeout http-request|DFLB|1-1|||
timeout queue|DLB|1-1|||
timeout server|DLB|1-1|||
timeout server-fin|DLB|1-1|||
timeout tarpit|DFLB|1-1|||
timeout tunnel|DLB|1-1|||
transparent|DLB|0-0||2.6|
unique-id-format|DFLB|1-1|||
unique-id-header|DFL|1-1|||
use-fcgi-app|LB|1-1|||
use-server|LB|3-|||
use_backend|FL|1-|||
"""
