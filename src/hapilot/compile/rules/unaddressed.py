"""A PROXY header that names nobody: LOCAL (version 2) and UNKNOWN (version 1), with which load balancers check us.

The client is then the sender itself (proxy-protocol.txt, section 2). The next layer could not tell who that is, because the
header comes to it over a socket without addresses. So the first layer takes the header out, and goes on as if there had been
none. Where HAProxy has no Lua such a header is handed on like any other, and the address is lost.
"""

from __future__ import annotations

PATH = "lua/unaddressed.lua"
"""Where the bundle has the script."""

HEADER = ("{", "req.payload(0,13)", "-m", "bin", "0D0A0D0A000D0A515549540A20", "50524F585920554E4B4E4F574E", "}")
"""The signature of version 2 with the command LOCAL, or ``PROXY UNKNOWN``; both take 13 bytes."""
NOT_DROPPED = ("!{", "var(txn.dropped)", "-m", "bool", "}")

SCRIPT = r"""
-- Takes a PROXY header without addresses off the front of a connection (proxy-protocol.txt, sections 2.1 and 2.2).
-- It is called once the header is complete; txn.dropped tells that it is gone.

local function header_size(data)
    if data:sub(1, 5) == "PROXY" then
        local _, last = data:find("\r\n", 1, true)
        return last
    end
    return #data >= 16 and 16 + data:byte(15) * 256 + data:byte(16) or nil
end

core.register_action("drop_unaddressed", { "tcp-req" }, function(txn)
    local data = txn.req:data(0) or ""
    local size = header_size(data)
    if size ~= nil and size <= #data then
        txn.req:remove(0, size)
        txn:set_var("txn.dropped", true)
    end
end)
""".lstrip()
