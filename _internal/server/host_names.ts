/** What a server is called: by itself, and by Deno. */

/** What Deno puts for the host into the URL of a request that names none, at a server of this address. */
export function unnamed_host({ hostname, port }: Deno.NetAddr): string {
  const is_own = /^(127\..*|0\.0\.0\.0|::1?)$/.test(hostname);
  const bracketed = hostname.includes(":") ? `[${hostname}]` : hostname;
  const host = is_own ? "localhost" : bracketed;
  return port === 80 ? host : `${host}:${port}`;
}

/** What `SERVER_NAME` says of the host that was asked for: Python's `socket.getfqdn`, as far as it goes without a resolver. */
export function full_name(host: string): string {
  if (host === "127.0.0.1" || host === "::1" || host === "[::1]") {
    return "localhost";
  }
  return host === "" || host === "0.0.0.0" || host === "::"
    ? machine_name()
    : host;
}

function machine_name(): string {
  const { state } = Deno.permissions.querySync({
    name: "sys",
    kind: "hostname",
  });
  return state === "granted" ? Deno.hostname() : "localhost";
}
