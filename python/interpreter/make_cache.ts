/** The worker that makes the files of cache.ts. */

import { Cache } from "./cache.ts";
import { add_sources } from "./start.ts";
import { start_pyodide } from "./pyodide.ts";

/**
 * The library in npm's package consists of sources only. The compiled module is put beside each; Python loads it without
 * comparing it with the source (PEP 552), which is still needed for the lines of a traceback.
 */
const COMPILE = `
import _imp, io, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

def compiled():
    library, data = zipfile.ZipFile("/lib/python314.zip"), io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name in library.namelist():
            source = library.read(name)
            made.writestr(name, source)
            if name.endswith(".py"):
                code = compile(source, f"/lib/python314.zip/{name}", "exec", dont_inherit=True)
                made.writestr(name + "c", _code_to_hash_pyc(code, _imp.source_hash(0, source), False))
    return data.getvalue()

compiled()
`;

/** Modules that web applications commonly import; the snapshot contains them. */
const USUAL = `
import asyncio, base64, binascii, bisect, calendar, codecs, collections.abc, concurrent.futures, contextlib, contextvars
import copy, csv, dataclasses, datetime, decimal, difflib, email.header, email.message, email.mime.multipart
import email.mime.text, email.parser, email.policy, email.utils, enum, errno, fractions, functools, getpass, gettext
import glob, gzip, hashlib, heapq, hmac, html, html.parser, http.client, http.cookies, http.server
import importlib.metadata, importlib.resources, importlib.util, inspect, io, ipaddress, itertools, json, linecache, locale
import logging.config, logging.handlers, math, mimetypes, numbers, operator, os, pathlib, pickle, pkgutil, platform
import pprint, queue, quopri, random, re, secrets, select, selectors, shlex, shutil, signal, site, smtplib, socket
import socketserver, sqlite3, ssl, stat, string, struct, subprocess, sys, tempfile, textwrap, threading, time, token
import tokenize, traceback, types, typing, unicodedata, urllib.error, urllib.parse, urllib.request, uuid, warnings
import weakref, wsgiref.handlers, wsgiref.headers, wsgiref.simple_server, wsgiref.util, xml.etree.ElementTree, zipfile
import zlib, zoneinfo
import _tsgi_bridge, _tsgi_errors, _tsgi_lanes, _tsgi_load, _tsgi_missing, _tsgi_response
`;

addEventListener("message", async (event) => {
  const { data: folder } = event as MessageEvent<string>;
  const cache = new Cache(folder);
  cache.write_library(await compiled_library());
  const pyodide = await start_pyodide({
    stdLibURL: cache.library,
    _makeSnapshot: true,
  });
  add_sources(pyodide);
  pyodide.runPython(USUAL);
  cache.write_snapshot(pyodide.makeMemorySnapshot());
  (self as unknown as Worker).postMessage("done");
  self.close();
});

async function compiled_library(): Promise<Uint8Array> {
  const { runPython } = await start_pyodide({});
  const data = runPython(COMPILE);
  const view = data.getBuffer("u8");
  const bytes = view.data.slice();
  view.release();
  data.destroy();
  return bytes;
}
