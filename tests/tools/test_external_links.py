"""The check of links to other sites, against a server of our own."""

import http.server
import threading
import time
from urllib.error import URLError

import pytest

from tools.website import external_links

STATUS = {
    **{"/here": 200, "/no-head": 200, "/moved": 301},
    **{"/robots": 403, "/gone": 404, "/broken": 503, "/late": 200},
}


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        status = STATUS[self.path]
        if self.path == "/late":
            time.sleep(0.5)
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


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/here", "ok"),
        ("/moved", "ok"),
        ("/no-head", "ok"),
        ("/gone", "gone"),
        ("/robots", "unknown"),
        ("/broken", "unknown"),
    ],
)
def test_an_answer_is_judged(host, path, kind):
    assert external_links.outcome(host + path, pause=0)[0] == kind


def test_a_host_that_answers_too_late_is_not_gone(host, monkeypatch):
    monkeypatch.setattr(external_links, "PATIENCE", 0.1)
    assert external_links.outcome(host + "/late", pause=0) == ("unknown", external_links.LATE)


def test_a_connection_that_takes_too_long_is_not_gone(monkeypatch):
    def late(*_, **__):
        raise URLError(TimeoutError("timed out"))

    monkeypatch.setattr(external_links.urllib.request, "urlopen", late)
    assert external_links.outcome("http://127.0.0.1:1/x", pause=0)[0] == "unknown"


def test_a_host_that_is_not_there_is_gone():
    kind, why = external_links.outcome("http://127.0.0.1:1/x", pause=0)
    assert kind == "gone"
    assert "refused" in why


def test_what_is_gone_is_named_with_its_pages_and_fails(host, tmp_path, capsys):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/x.html").write_text(f'<a href="{host}/broken">x</a>')
    (tmp_path / "a.html").write_text(
        f'<a href="{host}/here#one">1</a> <a href="{host}/here#two">2</a> <a href="b.html">b</a>'
        '<a href="https://github.com/some_body/book">home</a> <a id="x">none</a>'
        '<a href="https://some_body.github.io/book">home</a>'
    )
    assert external_links.main([str(tmp_path)], pause=0) == 0
    assert capsys.readouterr().out == "1 links to 1 hosts: 0 gone.\n"
    (tmp_path / "b.html").write_text(f'<a href="{host}/gone">1</a> <a href="{host}/robots">2</a>')
    assert external_links.main([str(tmp_path)], pause=0) == 1
    assert capsys.readouterr().out == (
        f"gone: {host}/gone (404), linked from b.html\n"
        f"unknown: {host}/robots (403), linked from b.html\n"
        "3 links to 1 hosts: 1 gone.\n"
    )
