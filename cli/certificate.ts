/** The certificate of `--certfile` and `--keyfile`. */

import type { Settings } from "./settings/settings.ts";
import { UsageError } from "./settings/usage_error.ts";

/** A certificate and its key, in PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * The certificate of `--certfile` with its key; null without that.
 *
 * @throws {UsageError} If a file of it cannot be read, or holds nothing to serve HTTPS with.
 */
export function read_certificate(settings: Settings): Certificate | null {
  const { certfile, keyfile } = settings;
  if (certfile === null) return null;
  const certificate = {
    cert: read_file(certfile, "--certfile"),
    key: read_file(keyfile ?? certfile, "--keyfile"),
  };
  try {
    // A client takes the same as a server, and needs neither a port nor a permission.
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

/** What is wrong with a key, and where it was looked for. */
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

/** What something is that should be a certificate or a key in PEM; null where it is that. */
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
  // ASN.1 begins so, and what is no text was not to be decoded.
  return text.startsWith("0") && text.includes("\ufffd")
    ? `expected ${what} in PEM (-----BEGIN ...), got DER or PKCS #12: convert it with openssl`
    : `expected ${what} in PEM (-----BEGIN ...), got none`;
}

function read_file(path: string, option: string): string {
  try {
    // Editors on Windows write a byte order mark.
    return Deno.readTextFileSync(path).replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(
      `cannot read ${option}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
