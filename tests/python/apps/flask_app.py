from flask import Flask, Response, flash, jsonify, redirect, render_template_string, request, send_file, session, stream_with_context

app = Flask(__name__)
app.secret_key = "a key"
PAGE = "{% for m in get_flashed_messages() %}<p>{{ m }}</p>{% endfor %}<h1>{{ name }}</h1>"


@app.get("/")
def page():
    return render_template_string(PAGE, name=request.args.get("name", "<nobody>"))


@app.post("/form")
def form():
    session["name"] = request.form["name"]
    flash("saved")
    return redirect("/session")


@app.get("/session")
def show():
    return render_template_string(PAGE, name=session.get("name"))


@app.post("/upload")
def upload():
    file = request.files["file"]
    return jsonify(name=file.filename, size=len(file.read()), text=request.form["text"])


@app.get("/download")
def download():
    return send_file(__file__, as_attachment=True, etag=False, last_modified=None, conditional=True)


@app.get("/stream")
def stream():
    @stream_with_context
    def lines():
        for number in range(1000):
            yield f"{request.args['name']} {number}\n"

    return Response(lines(), mimetype="text/plain")


@app.post("/json")
def as_json():
    return jsonify(request.get_json())


@app.get("/error")
def error():
    raise RuntimeError("broken")


@app.errorhandler(404)
def missing(error):
    return render_template_string("<h1>no {{ request.path }}</h1>"), 404
