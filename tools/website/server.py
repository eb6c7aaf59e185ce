"""Serve the built site as GitHub Pages does: gzip for text, ten minutes of cache, a 404 page.

    python -m tools.website.server 8000

The browser tests and `make lighthouse` measure the site through it: bytes on the wire are those
that a reader's telephone gets.
"""

import gzip
import sys
import threading
from contextlib import contextmanager
from functools import lru_cache, partial
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
        self.wfile.write(content)
        return None

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder=SITE, port=0):
    """The base URL, without a slash at its end, while the block runs; port 0 is a free one."""
    handler = partial(Handler, directory=str(folder))
    running = ThreadingHTTPServer(("127.0.0.1", port), handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


if __name__ == "__main__":
    with serving(port=int(sys.argv[1])) as address:
        print(f"The book is at {address}. Stop with Ctrl-C.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
