"""cheroot as it comes: ten threads."""

from cheroot.wsgi import Server

from application import small

server = Server(("127.0.0.1", 0), small)
server.prepare()
print(f"http://127.0.0.1:{server.bind_addr[1]}/", flush=True)
server.serve()
