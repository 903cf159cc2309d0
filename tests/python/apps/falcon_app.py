from urllib.parse import quote, unquote

import falcon


class Page:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = f"<h1>{request.get_param('name', default='nobody')}</h1>"


class Form:
    def on_post(self, request, response):
        response.set_cookie("name", quote(request.get_media()["name"]), secure=False)
        raise falcon.HTTPSeeOther("/session")


class Session:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = f"<h1>{unquote(request.cookies.get('name', ''))}</h1>"


class Upload:
    def on_post(self, request, response):
        parts = {part.name: (part.filename, part.stream.read()) for part in request.get_media()}
        name, data = parts["file"]
        response.media = {"name": name, "size": len(data), "text": parts["text"][1].decode()}


class Download:
    def on_get(self, request, response):
        response.content_type = "text/x-python"
        response.stream = open(__file__, "rb")


class Stream:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_TEXT
        name = request.get_param("name")
        response.stream = (f"{name} {number}\n".encode() for number in range(1000))


class Json:
    def on_post(self, request, response):
        response.media = request.media


class Broken:
    def on_get(self, request, response):
        raise falcon.HTTPInternalServerError(title="broken")


app = falcon.App()
for path, resource in {
    "/": Page(),
    "/form": Form(),
    "/session": Session(),
    "/upload": Upload(),
    "/download": Download(),
    "/stream": Stream(),
    "/json": Json(),
    "/error": Broken(),
}.items():
    app.add_route(path, resource)
