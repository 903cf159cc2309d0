/** The certificate of `--certfile` and `--keyfile`. */

import type { Settings } from "./settings/settings.ts";
import { UsageError } from "./settings/usage_error.ts";

/** A certificate and its key, in PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * The certificate of `--certfile` with its key; null without this option.
 *
 * @throws {UsageError} If one of the files cannot be read, or does not contain what HTTPS needs.
 */
export function read_certificate(settings: Settings): Certificate | null {
  const { certfile, keyfile } = settings;
  if (certfile === null) return null;
  const certificate = {
    cert: read_file(certfile, "--certfile"),
    key: read_file(keyfile ?? certfile, "--keyfile"),
  };
  try {
    // Tried with a client, which accepts the same files as a server, and needs neither a port nor a permission.
    Deno.createHttpClient(certificate).close();
  } catch (error) {
    const reason = (error as Error).message;
    throw new UsageError(
      /\bkeys?\b/.test(reason)
        ? about_key(reason, certificate.key, settings)
        : `cannot use --certfile ${certfile}: ${
          about_content(certificate.cert, "CERTIFICATE") ?? reason
        }`,
      { cause: error },
    );
  }
  return certificate;
}

/** The message about a key, with the file in which it was looked for. */
function about_key(
  reason: string,
  key: string,
  { certfile, keyfile }: Settings,
): string {
  if (/KeyMismatch/.test(reason)) {
    reason = "it does not belong to --certfile";
  }
  if (/^(-----BEGIN|Proc-Type: 4,) ?ENCRYPTED/m.test(key)) {
    reason = "it is encrypted";
  }
  reason = about_content(key, "PRIVATE KEY") ?? reason;
  return keyfile === null
    ? `cannot use the key in --certfile ${certfile}, as there is no --keyfile: ${reason}`
    : `cannot use --keyfile ${keyfile}: ${reason}`;
}

/** What a file is that should contain a certificate or a key in PEM; null if it does. */
function about_content(text: string, wanted: string): string | null {
  const found = Array.from(
    text.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----/gm),
    ([, kind]) => kind!,
  );
  if (found.some((kind) => kind.endsWith(wanted))) return null;
  const what = wanted === "CERTIFICATE" ? "a certificate" : "a private key";
  if (found.length > 0) {
    return `expected ${what}, got ${found.join(" and ").toLowerCase()}`;
  }
  // This is how ASN.1 begins; and U+FFFD stands for bytes that are not text.
  return text.startsWith("0") && text.includes("\ufffd")
    ? `expected ${what} in PEM (-----BEGIN ...), got DER or PKCS #12: convert it with openssl`
    : `expected ${what} in PEM (-----BEGIN ...), got none`;
}

function read_file(path: string, option: string): string {
  try {
    // Editors on Windows add a byte order mark.
    return Deno.readTextFileSync(path).replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(
      `cannot read ${option}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
