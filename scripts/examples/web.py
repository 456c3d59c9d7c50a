# pip install fastapi uvicorn && python web.py
#
# Then: curl -N 127.0.0.1:8000/chat --json '{"text": "Hello"}'
# Without a key: `modelhub mock` in one terminal, and in another one MODELHUB_PROFILE=mock in front of `python`.
"""A web service that answers questions as a stream, by FastAPI; the failures of models are HTTP statuses."""

import argparse
import os
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

import modelhub
from modelhub import errors

STATUS = {errors.RateLimitError: 429, errors.BadRequestError: 400, errors.TimeoutError: 504}


@asynccontextmanager
async def open_models(app):
    """The models, for as long as the service runs; a wrong config ends it at the start."""
    async with modelhub.init(os.environ.get("MODELHUB_CONFIG", "models.yaml")) as hub:
        app.state.hub = hub
        yield


app = FastAPI(title="Questions and answers", lifespan=open_models)


@app.exception_handler(errors.ModelCallError)
async def tell(request: Request, error: errors.ModelCallError):
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 502)
    headers = {"Retry-After": f"{error.retry_after:.0f}"} if error.retry_after else None
    return JSONResponse({"error": type(error).__name__, "message": error.message}, status, headers)


@app.get("/models")
async def models(request: Request):
    return request.app.state.hub.names()


class Question(BaseModel):
    text: str
    model: str = "chat"


@app.post("/chat")
async def chat(question: Question, request: Request):
    """Answer word by word."""
    hub = request.app.state.hub
    if question.model not in hub:
        raise HTTPException(404, f"there is no model called {question.model!r}")
    # It waits for the first word: what fails before is a status, and no broken stream.
    reply = await hub.get_model(question.model).acall(question.text, stream=True)

    async def words():
        async for delta in reply:
            yield delta.text or ""

    return StreamingResponse(words(), media_type="text/plain")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="(%(default)s)")
    args = parser.parse_args()
    uvicorn.run(app, port=args.port)
