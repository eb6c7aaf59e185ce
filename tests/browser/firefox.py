"""Firefox, driven by its own protocol (Marionette: JSON over a socket), without another package."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("firefox-esr", "firefox")


class Firefox:
    """A headless Firefox with one window; `with Firefox() as firefox` ends it."""

    def __init__(self):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise FileNotFoundError("Firefox is missing. On Debian: apt-get install firefox-esr")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        Path(self.profile.name, "user.js").write_text(
            f'user_pref("marionette.port", {port});', encoding="utf-8"
        )
        self.process = subprocess.Popen(
            [program, "--headless", "--marionette", "--no-remote", "--profile", self.profile.name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.connection = _connected(port)
        self._answer()  # it says hello
        self.number = 0
        self.ask("WebDriver:NewSession", {"capabilities": {}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        self.process.wait(20)
        self.profile.cleanup()

    def goto(self, url):
        """Open a page and wait until it has loaded."""
        self.ask("WebDriver:Navigate", {"url": url})

    def evaluate(self, function, *arguments):
        """Return what a function in the page returns; a promise is awaited."""
        script = (
            "const done = arguments[arguments.length - 1];"
            f"Promise.resolve(({function})(...[...arguments].slice(0, -1)))"
            ".then(done, error => done({error: String(error)}));"
        )
        answer = self.ask(
            "WebDriver:ExecuteAsyncScript", {"script": script, "args": list(arguments)}
        )["value"]
        if isinstance(answer, dict) and set(answer) == {"error"}:
            raise RuntimeError(answer["error"])
        return answer

    def ask(self, command, parameters):
        """Send a command and return its result."""
        self.number += 1
        message = json.dumps([0, self.number, command, parameters]).encode()
        self.connection.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._answer()
        if error:
            raise RuntimeError(error["message"])
        return result

    def _answer(self):
        """Read one message: its length, a colon, JSON."""
        length = b""
        while (digit := self.connection.recv(1)) != b":":
            length += digit
        text = b""
        while len(text) < int(length):
            text += self.connection.recv(int(length) - len(text))
        return json.loads(text)


def _connected(port):
    """Connect as soon as Firefox listens; give up after a minute."""
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("Firefox did not start.")
