"""CPython's wsgiref.simple_server, without its log."""

from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from application import small


class Server(WSGIServer):
    # It closes each connection after its answer. With the usual 5, most of 64 clients would wait for a repeated SYN.
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


with make_server("127.0.0.1", 0, small, Server, Handler) as httpd:
    print(f"http://127.0.0.1:{httpd.server_port}/", flush=True)
    httpd.serve_forever()
