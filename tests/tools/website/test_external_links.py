"""The check of links to other sites, against a server of our own."""

import http.server
import json
import threading
import time
from pathlib import Path

import pytest
import yaml
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tools.website import external_links

ROOT = Path(__file__).resolve().parents[3]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]

STATUS = {
    **{"/here": 200, "/no-head": 200, "/moved": 301},
    **{"/robots": 403, "/gone": 404, "/broken": 500, "/late": 200},
}


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        status = STATUS[self.path]
        if self.path == "/late":
            time.sleep(2)
        if self.path == "/no-head" and self.command == "HEAD":
            status = 405
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/here")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = answer

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def host():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def found(host, tmp_path_factory):
    """What Sphinx writes about a page with a link to each of the server's addresses."""
    source = tmp_path_factory.mktemp("links")
    addresses = [*(host + path for path in STATUS), "http://127.0.0.1:1/x"]
    addresses += ["https://github.com/some_body/book", "https://some_body.github.io/book"]
    (source / "index.md").write_text("# Links\n\n" + " ".join(f"<{url}>" for url in addresses))
    settings = {key: value for key, value in CONFIG.items() if key.startswith("linkcheck_")}
    settings |= {"extensions": ["myst_parser"], "linkcheck_timeout": 1}
    with patch_docutils(), docutils_namespace():
        app = Sphinx(source, None, source / "out", source / "out", "linkcheck", settings, None)
        app.build()
    return source / "out/output.json"


def test_what_is_gone_fails_and_what_is_not_known_is_named(host, found, capsys):
    assert external_links.main([str(found)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    kinds = {line.split()[1].removeprefix(host): line.split(":")[0] for line in lines}
    assert kinds.pop("http://127.0.0.1:1/x") == "gone"
    unknown = dict.fromkeys(("/robots", "/broken", "/late"), "unknown")
    assert kinds == {"/gone": "gone", **unknown}
    assert last == "8 links to other sites: 2 gone."


def test_links_that_are_there_do_not_fail(tmp_path, capsys):
    rows = [{"uri": "https://a", "status": "working", "info": ""}]
    rows += [{"uri": "https://b", "status": "timeout", "info": "404", "filename": "b.md"}]
    (tmp_path / "output.json").write_text("\n".join(map(json.dumps, rows)))
    assert external_links.main([str(tmp_path / "output.json")]) == 0
    assert capsys.readouterr().out.endswith("2 links to other sites: 0 gone.\n")


def test_a_check_that_did_not_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        external_links.main([str(tmp_path / "output.json")])
