"""Serve the built site as GitHub Pages does: gzip for text, ten minutes of cache, a 404 page.

    .venv/bin/python -m tools.website.server [--folder _build/html] [--port 8000]

The browser tests and `make lighthouse` measure the site through it: bytes on the wire are those
that a reader's telephone gets.
"""

import argparse
import gzip
import threading
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build/html"
LEVEL = 6  # a web server's usual one
# What Pages compresses: text, by its type.
COMPRESSED = ("text/", "application/javascript", "application/json", "application/xml", "image/svg")


@lru_cache(maxsize=1024)
def compressed(path, changed):
    """The gzipped bytes of a file; `changed` is its time, so that a new build is seen."""
    return gzip.compress(Path(path).read_bytes(), LEVEL, mtime=0)


class Handler(SimpleHTTPRequestHandler):
    """Python's file server, with compression and without a log."""

    protocol_version = "HTTP/1.1"  # one connection for many files, as Pages has it

    def do_GET(self):
        self.answer(body=True)

    def do_HEAD(self):
        self.answer(body=False)

    def answer(self, body):
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            if not self.path.split("?")[0].split("#")[0].endswith("/"):
                return self.send_head()  # Python's own redirect to the folder
            path = path / "index.html"
        if not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        kind = self.guess_type(str(path))
        packed = kind.startswith(COMPRESSED) and "gzip" in self.headers.get("Accept-Encoding", "")
        content = compressed(str(path), path.stat().st_mtime_ns) if packed else path.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if "text/" in kind else kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Vary", "Accept-Encoding")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if body:
            self.wfile.write(content)
        return None

    def log_message(self, *_):
        pass


def server(folder=SITE, port=0):
    """A server of `folder`; port 0 asks the system for a free one."""

    def handler(*args, **options):
        return Handler(*args, directory=str(folder), **options)

    made = ThreadingHTTPServer(("127.0.0.1", port), handler)
    made.daemon_threads = True
    return made


@contextmanager
def serving(folder=SITE):
    """The base URL, without a slash at its end, while the block runs."""
    running = server(folder)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=SITE)
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    running = server(options.folder, options.port)
    print(f"http://127.0.0.1:{running.server_port}", flush=True)
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        running.server_close()


if __name__ == "__main__":
    main()
