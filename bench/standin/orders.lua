-- wrk's customers: every request is a new one, the file's with a key of its own in place of KEY, which is its
-- Idempotency-Key, too. Arguments: FILE RUN, where RUN begins every key. No response callback, which would cost wrk more
-- than the request: wrk itself counts the answers of 400 and above.
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local run, head, body_before, body_after
local count = 0

local function key_of(number)
  return string.format("%s-%d-%09d", run, id, number)
end

function init(args)
  local file = assert(io.open(args[1]))
  body_before, body_after = file:read("*l"):match("^(.*)KEY(.*)$")
  file:close()
  run = args[2]
  local length = #body_before + #key_of(0) + #body_after
  local content_type = args[1]:match("%.json$") and "application/json" or "application/x-www-form-urlencoded"
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: shop.example\r\nContent-Type: " .. content_type
    .. "\r\nContent-Length: " .. length .. "\r\nIdempotency-Key: "
end

function request()
  count = count + 1
  local key = key_of(count)
  return head .. key .. "\r\n\r\n" .. body_before .. key .. body_after
end

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "answers.lua")
