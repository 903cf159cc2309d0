/** An application of Hono that answers in JSON, which most of them do. */

import { Hono } from "npm:hono@^4.13.19";

const app = new Hono();
app.get("*", (c) => c.json({ message: "Hello world!" }));

export default app;
