"""waitress as it comes: four threads."""

from waitress import create_server

from application import small

server = create_server(small, host="127.0.0.1", port=0)
print(f"http://127.0.0.1:{server.effective_port}/", flush=True)
server.run()
