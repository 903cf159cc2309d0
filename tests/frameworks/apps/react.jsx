/** @jsxImportSource npm:react@^19 */
/** A page of React, streamed as in its documentation: what is suspended comes after the rest. */

import { Suspense, use } from "npm:react@^19";
import { renderToReadableStream } from "npm:react-dom@^19/server.edge";

function Slow({ text }) {
  return <p>{use(text)}</p>;
}

function App({ path }) {
  const text = new Promise((resolve) =>
    setTimeout(() => resolve("It has come."), 5)
  );
  return (
    <html>
      <head>
        <title>Streaming</title>
      </head>
      <body>
        <h1>{path} & more</h1>
        <Suspense fallback={<p>Loading ...</p>}>
          <Slow text={text} />
        </Suspense>
      </body>
    </html>
  );
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const stream = await renderToReadableStream(<App path={pathname} />);
    return new Response(stream, { headers: { "content-type": "text/html" } });
  },
};
