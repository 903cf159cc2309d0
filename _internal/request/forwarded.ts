/** The headers in which proxies report their client. */

import { remember } from "../remember.ts";

/** Whether proxies report their client in a header. Its variable, such as `HTTP_X_REAL_IP`, may be given instead. */
export const is_of_proxy = remember((name): boolean =>
  /^(?:http_)?(?:x[-_]forwarded|forwarded$|x[-_]real[-_]ip$)/i.test(name)
);
