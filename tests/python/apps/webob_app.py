from webob import Request, Response, exc
from webob.dec import wsgify
from webob.static import FileApp


@wsgify
def app(request):
    match request.path_info:
        case "/":
            return Response(f"<h1>{request.GET.get('name', 'nobody')}</h1>")
        case "/form":
            response = exc.HTTPSeeOther(location="/session")
            response.set_cookie("name", request.POST["name"])
            return response
        case "/session":
            return Response(f"<h1>{request.cookies.get('name')}</h1>")
        case "/upload":
            file = request.POST["file"]
            return Response(json={"name": file.filename, "size": len(file.file.read()), "text": request.POST["text"]})
        case "/download":
            return FileApp(__file__, content_type="text/x-python")
        case "/stream":
            name = request.GET["name"]
            return Response(app_iter=(f"{name} {number}\n".encode() for number in range(1000)), content_type="text/plain")
        case "/json":
            return Response(json=request.json)
        case "/error":
            raise exc.HTTPInternalServerError("broken")
    raise exc.HTTPNotFound(f"no {request.path}")
