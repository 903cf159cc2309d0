"""A CGI script by CPython's wsgiref."""

from wsgiref.handlers import CGIHandler

from application import small

CGIHandler().run(small)
