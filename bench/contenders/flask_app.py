"""A page of Flask: a template, and a variable of the request in it."""

from flask import Flask, render_template_string, request

application = Flask(__name__)


@application.get("/")
def page():
    return render_template_string("<h1>{{ name }}</h1>", name=request.args.get("name", "<nobody>"))
