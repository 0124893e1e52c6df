#!/usr/bin/env bash
# What htmx 4.0.1 boosts in a page whose <base> has a target. Prints "ok" for each of:
#
# 1. Firefox: the `target` of a link that has none is that of the base, and htmx, which looks at it, boosts no link.
# 2. Chromium: it is empty, and htmx boosts the link.
# 3. Both: without a base, the link is boosted.
#
# So the same page stays where it is in one browser, and leaves its frame in the other. It fails when one is no longer
# so. Needs python3 >= 3.11, npm, and on the PATH firefox-esr (seen with 153) and chromium or chromium-headless-shell.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q playwright==1.64.1
npm install --silent --no-save htmx.org@4.0.1 > /dev/null

cat > look.py <<'PYTHON'
import shutil
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from playwright.sync_api import sync_playwright

PAGE = """<!DOCTYPE html><title>-</title>{base}
<script src="/node_modules/htmx.org/dist/htmx.min.js"></script>
<body hx-boost:inherited="true"><a id="link" href="/more">more</a>"""
for name, base in {"with": '<base target="_top">', "without": ""}.items():
    with open(f"{name}.html", "w") as file:
        file.write(PAGE.format(base=base))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
Thread(target=server.serve_forever, daemon=True).start()
chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
seen = {}
with sync_playwright() as playwright:
    browsers = {
        "firefox": playwright.firefox.launch(channel="moz-firefox", executable_path=shutil.which("firefox-esr")),
        "chromium": playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]),
    }
    for browser, started in browsers.items():
        for name in ("with", "without"):
            page = started.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/{name}.html")
            page.wait_for_timeout(500)
            target = page.evaluate("document.getElementById('link').target")
            seen[browser, name] = target, page.evaluate("!!document.getElementById('link')._htmx?.boosted")
        started.close()
print("seen:", seen)
assert seen["firefox", "with"] == ("_top", False), "1"
print("ok: in Firefox a link has the target of the base, and htmx leaves it alone")
assert seen["chromium", "with"] == ("", True), "2"
print("ok: in Chromium it has none, and htmx boosts it")
assert seen["firefox", "without"] == seen["chromium", "without"] == ("", True), "3"
print("ok: without a base both boost it")
PYTHON
venv/bin/python look.py
