-- Posts statements from a file, each once, in the order in which they lie there.
--
-- BENCH_RESULT=RESULT wrk -t1 ... -s post.lua URL -- FILE OFFSET PER_REQUEST
-- FILE holds statements, each after its length in four bytes. PER_REQUEST statements make one body; one by itself is posted
-- as application/cose, more as application/cbor-seq. What came of it is written to RESULT as JSON. One thread: two would
-- read the same file.

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

-- Global, so that done() can ask the thread for them: how far the file was read, whether it came to its end, and how many
-- answers were something else than a registration.
position, ran_out, refused = 0, 0, 0

local file, per_request, content_type, expected

function init(args)
  file = assert(io.open(args[1], "rb"))
  position = tonumber(args[2])
  file:seek("set", position)
  per_request = tonumber(args[3])
  content_type = per_request == 1 and "application/cose" or "application/cbor-seq"
  expected = per_request == 1 and 201 or 200
end

local function next_statement()
  local head = file:read(4)
  if not head then return nil end
  local a, b, c, d = head:byte(1, 4)
  local length = ((a * 256 + b) * 256 + c) * 256 + d
  position = position + 4 + length
  return file:read(length)
end

function request()
  local body = {}
  for place = 1, per_request do
    body[place] = next_statement()
    if not body[place] then
      -- A run that has run out measures nothing any more.
      ran_out = 1
      wrk.thread:stop()
      return wrk.format("GET", "/livez")
    end
  end
  return wrk.format("POST", "/entries", { ["Content-Type"] = content_type }, table.concat(body))
end

function response(status)
  if status ~= expected then refused = refused + 1 end
end

function done(summary, latency, requests)
  local thread = threads[1]
  local out = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
  out:write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "connect": %d, "read": %d, "write": %d, "timeout": %d, '
      .. '"refused": %d, "position": %d, "ran_out": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.timeout,
    thread:get("refused"), thread:get("position"), thread:get("ran_out")))
  out:close()
end
