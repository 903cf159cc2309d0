-- The request that wrk sends: with Host, nine headers as a browser sends them. They are fixed, so wrk makes the request
-- once and spends nothing on it later.

wrk.headers["Connection"] = "keep-alive"
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.7,de;q=0.3"
wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
wrk.headers["Referer"] = "http://127.0.0.1/start?from=bench"
wrk.headers["Cookie"] = "session=6c8349cc7260ae62e3b1396831a8398f; theme=dark"
wrk.headers["Upgrade-Insecure-Requests"] = "1"

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"statuses":%d,"timeouts":%d,"broken":%d}\n',
    summary.requests, summary.duration, errors.status, errors.timeout,
    errors.connect + errors.read + errors.write
  ))
end
