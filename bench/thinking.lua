-- Clients that think: 20 ms between an answer and the next request. Ends as bench/wrk.lua does.
function delay()
  return 20
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(99)))
end
