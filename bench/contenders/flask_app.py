"""A page of Flask: a template, and a variable of the request in it."""

from flask import Flask, render_template, request
from jinja2 import DictLoader

application = Flask(__name__)
application.jinja_loader = DictLoader({"page.html": "<h1>{{ name }}</h1>"})


@application.get("/")
def page():
    return render_template("page.html", name=request.args.get("name", "<nobody>"))
