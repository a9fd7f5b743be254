-- Shared by the scripts of this folder: reads requests from a file, reports as one line of JSON.

local play = {}

-- The file has, for each request, its length in bytes, a line feed, and the request as it is sent.
function play.read(path)
   local file = assert(io.open(path, "rb"))
   local requests = {}
   while true do
      local length = file:read("*n")
      if not length then break end
      file:read(1)
      requests[#requests + 1] = file:read(length)
   end
   file:close()
   assert(#requests > 0, "no requests in " .. path)
   return requests
end

-- Times are in microseconds. `failed` are answers with a status of 400 and above.
function play.report(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"duration":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,'
         .. '"failed":%d,"broken":%d}\n',
      summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

return play
