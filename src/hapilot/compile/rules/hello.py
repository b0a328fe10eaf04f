"""A ClientHello that is split over several TLS records (RFC 8446, section 5.1, allows any split).

HAProxy's own fetches read one record only, so the name in a split message would be missed or misread. Where Lua is built
in, a small script puts the message together; it is called for split messages only. Without Lua they are treated as before:
what TLS library ends the connection understands them, what is passed through by name is not found.
"""

from __future__ import annotations

PATH = "lua/hello.lua"
"""Where the bundle has the script."""

START = ("{", "req.payload(0,2)", "-m", "bin", "1603", "}")
"""A TLS handshake record (RFC 8446, section 5.1: type 22, then a version that starts with 3)."""
SPLIT = ("{", "var(txn.split)", "-m", "bool", "}")
NOT_SPLIT = ("!{", "var(txn.split)", "-m", "bool", "}")

SCRIPT = r"""
-- Puts a ClientHello together that is split over several TLS records (RFC 8446, sections 4.1.2 and 5.1).
-- hello_length: how many bytes of the connection are needed. hello_name: the server name in it, or an empty text.

local HANDSHAKE, CLIENT_HELLO, MOST_RECORDS = 22, 1, 1000

local function number(text, from, size)
    local value = 0
    for i = from, from + size - 1 do value = value * 256 + text:byte(i) end
    return value
end

-- Walks the records from where the last call stopped, for it is called whenever bytes arrive. Gives how many bytes of `data`
-- hold the whole message as far as can be told (0 for what is no ClientHello, or is cut into more pieces than any client has a
-- reason for), and whether it is complete. `seen.parts` says where each part of the message lies.
local function walk(data, seen)
    while true do
        local at = seen.at
        if #data < at + 5 then return at + 5, false end
        local size = number(data, at + 4, 2)
        if data:byte(at + 1) ~= HANDSHAKE or size == 0 or #seen.parts == MOST_RECORDS then return 0, false end
        local there = math.min(size, #data - at - 5)
        local head = seen.head
        if #head < 4 then head = head .. data:sub(at + 6, at + 5 + math.min(there, 4 - #head)) end
        local have = seen.have + there
        local wanted = #head == 4 and 4 + number(head, 2, 3) or nil
        if wanted ~= nil and have >= wanted then
            seen.parts[#seen.parts + 1] = { at + 6, at + 5 + there }
            return at + 5 + there - (have - wanted), true
        end
        if there < size then
            local missing = size - there
            if wanted ~= nil then missing = math.min(missing, wanted - have) end
            return #data + missing, false
        end
        seen.parts[#seen.parts + 1] = { at + 6, at + 5 + there }
        seen.head, seen.have, seen.at = head, have, at + 5 + size
    end
end

local function start()
    return { at = 0, have = 0, head = "", parts = {} }
end

local function join(data)
    local seen = start()
    local _, whole = walk(data, seen)
    if not whole then return "" end
    local texts = {}
    for i, part in ipairs(seen.parts) do texts[i] = data:sub(part[1], part[2]) end
    return table.concat(texts)
end

local function server_name(message)
    if #message < 42 or message:byte(1) ~= CLIENT_HELLO then return "" end
    local at = 4 + 2 + 32 + 1                                   -- type and length, version, random
    at = at + 1 + message:byte(at) - 1                          -- session id
    local ok, name = pcall(function()
        at = at + 1
        at = at + 2 + number(message, at, 2)                    -- cipher suites
        at = at + 1 + message:byte(at)                          -- compression methods
        local last = at + 1 + number(message, at, 2)
        at = at + 2
        while at + 3 <= last do
            local kind, size = number(message, at, 2), number(message, at + 2, 2)
            if kind == 0 and message:byte(at + 6) == 0 then     -- server_name (RFC 6066, section 3)
                local length = number(message, at + 7, 2)
                return message:sub(at + 9, at + 8 + length)
            end
            at = at + 4 + size
        end
        return ""
    end)
    return ok and name or ""
end

core.register_fetches("hello_length", function(txn)
    local seen = txn:get_priv() or start()
    txn:set_priv(seen)
    local length = walk(txn.f:req_payload(0, 0) or "", seen)
    return length
end)

core.register_fetches("hello_name", function(txn)
    return server_name(join(txn.f:req_payload(0, 0) or ""))
end)
""".lstrip()
