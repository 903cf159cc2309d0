from bottle import Bottle, HTTPResponse, abort, redirect, request, response, static_file, template

app = Bottle()


@app.get("/")
def page():
    return template("<h1>{{name}}</h1>", name=request.query.name or "<nobody>")


@app.post("/form")
def form():
    response.set_cookie("name", request.forms.name, secret="a key", path="/")
    return redirect("/session")


@app.get("/session")
def show():
    return template("<h1>{{name}}</h1>", name=request.get_cookie("name", secret="a key"))


@app.post("/upload")
def upload():
    file = request.files.get("file")
    return {"name": file.raw_filename, "size": len(file.file.read()), "text": request.forms.text}


@app.get("/download")
def download():
    return static_file("bottle_app.py", root=__file__.rpartition("/")[0], download=True)


@app.get("/stream")
def stream():
    response.content_type = "text/plain"
    for number in range(1000):
        yield f"{request.query.name} {number}\n"


@app.post("/json")
def as_json():
    return request.json


@app.get("/error")
def error():
    abort(500, "broken")


@app.error(404)
def missing(error):
    return f"<h1>no {request.path}</h1>"
