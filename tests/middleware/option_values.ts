/** What the options of middleware take and do not take; the command's options take the same. */

/** Entries that are nobody whom `trust_forwarded` could trust. */
export const NO_PROXIES: readonly string[] = [
  ...["localhost", "127.0.0.1:80", "[::1]", "127.0.0.01", "127.1", "UNIX"],
  ...["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/", "/8", "/"],
  ...["10.0.0.0/255.0.0.0", "10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.1/8"],
  ...["::/129", "2001:db8::1/32", "fe80::1%eth0", "fe80::%eth0/10", "*/0"],
  ...["10.0.0.0-10.0.0.9", "unix:", "unix:/x", "**", "127.0.0.1 ::1", "none"],
];

/** Lists that have such an entry, and which. */
export const LISTS_WITH_NO_PROXY: readonly (readonly [
  text: string,
  entry: string,
])[] = [
  ...NO_PROXIES.map((text) => [text, text] as const),
  ["127.0.0.1,", ""],
  [",", ""],
  ["::1,,*", ""],
  ["*, nobody", "nobody"],
];

/** Paths that an application can be mounted at. */
export const MOUNT_PATHS: readonly string[] = [
  ...["/a", "/a/b", "/a.b/~c", "/.a", "/...", "/a:b@c", "/a,b;c=d"],
  "/-_!$&'()*+",
];

/** Texts that are no such path. */
export const NO_MOUNT_PATHS: readonly string[] = [
  ...["", "/", "a", "a/b", "/a/", "//", "//a", "/a//b", "/.", "/.."],
  ...["/a/../b", "/a/.", "/a b", "/a?b", "/a#b", "/a%20b", "/\xe4", "/a\n"],
  ...["/a\\b", "/<a>", "http://h/a", " /a", '/"'],
];
