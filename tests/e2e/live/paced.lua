-- Clients that wait between an answer and the next request, for so many milliseconds as the script's argument says. Prints one line
-- for hammering.py at the end: requests, and failures by what went wrong.
local pause

function init(arguments)
  pause = tonumber(arguments[1])
end

function delay()
  return pause
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("COUNTED %d %d %d %d %d %d\n", summary.requests, errors.connect, errors.read, errors.write, errors.status,
    errors.timeout))
end
