/** A router of tRPC, as its documentation has it for fetch. */

import { initTRPC } from "npm:@trpc/server@^11.4.0";
import { fetchRequestHandler } from "npm:@trpc/server@^11.4.0/adapters/fetch";

const t = initTRPC.create({ isDev: false });

const router = t.router({
  hello: t.procedure.input(String)
    .query(({ input }) => `Hello, ${input}!`),
  sum: t.procedure.input((value) => value)
    .mutation(({ input }) => input.reduce((sum, number) => sum + number, 0)),
  countdown: t.procedure.subscription(async function* () {
    yield 2;
    yield 1;
  }),
});

export default {
  fetch: (req) =>
    fetchRequestHandler({
      endpoint: "/trpc",
      req,
      router,
      createContext: () => ({}),
    }),
};
