-- wrk ... -s in_turn.lua URL -- FILE: sends the requests of FILE in turn, again and again.

local here = debug.getinfo(1, "S").source:match("@(.*/)")
local play = dofile(here .. "play.lua")
local requests, last = {}, 0

function init(args)
   requests = play.read(args[1])
end

function request()
   last = last % #requests + 1
   return requests[last]
end

function done(summary, latency)
   play.report(summary, latency)
end
