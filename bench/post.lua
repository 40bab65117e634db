-- Posts statements from a file, each once, in the order in which they lie there.
--
-- BENCH_RESULT=RESULT wrk ... -s post.lua URL -- FILE OFFSET PER_REQUEST
-- FILE holds statements, each after its length in four bytes. PER_REQUEST statements make one body; one by itself is posted
-- as application/cose, more as application/cbor-seq. What came of it is written to RESULT as JSON.

local file, per_request, content_type

function init(args)
  file = assert(io.open(args[1], "rb"))
  file:seek("set", tonumber(args[2]))
  per_request = tonumber(args[3])
  content_type = per_request == 1 and "application/cose" or "application/cbor-seq"
end

local function next_statement()
  local head = file:read(4)
  if not head then return nil end
  local a, b, c, d = head:byte(1, 4)
  return file:read(((a * 256 + b) * 256 + c) * 256 + d)
end

function request()
  local body = {}
  for place = 1, per_request do
    body[place] = next_statement()
    if not body[place] then
      -- A run that has run out measures nothing any more.
      wrk.thread:stop()
      return wrk.format("GET", "/livez")
    end
  end
  return wrk.format("POST", "/entries", { ["Content-Type"] = content_type }, table.concat(body))
end

function done(summary, latency, requests)
  local out = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
  out:write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.status, summary.errors.timeout))
  out:close()
end
