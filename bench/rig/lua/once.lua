-- wrk ... -s once.lua URL -- FILE: sends each request of FILE once, and ends with the last answer.

local here = debug.getinfo(1, "S").source:match("@(.*/)")
local play = dofile(here .. "play.lua")
local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")
local SIGINT = 2
local requests, asked, answered = {}, -1, 0

function init(args)
   requests = play.read(args[1])
end

-- wrk asks once before it begins, to see what a request looks like, and does not send that one.
-- An empty request sends nothing: a connection with nothing left to do waits.
function request()
   asked = asked + 1
   return requests[math.max(asked, 1)] or ""
end

-- wrk sleeps for all its duration, unless it is interrupted: then it reports what it has.
function response()
   answered = answered + 1
   if answered == #requests then
      wrk.thread:stop()
      ffi.C.kill(ffi.C.getpid(), SIGINT)
   end
end

function done(summary, latency)
   play.report(summary, latency)
end
