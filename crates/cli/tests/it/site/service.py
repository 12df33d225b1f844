"""The service that the tests ship. It answers with its version, and misbehaves as behaviour.json says."""

import json
import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler

BEGAN = time.monotonic()
VERSION = os.environ["SHIPWAY_VERSION"].encode()
with open("behaviour.json") as file:
    BEHAVIOUR = json.load(file)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        status = 200
        if self.path == "/healthz":
            if BEHAVIOUR["hangs"]:
                time.sleep(3600)
            warming_up = time.monotonic() - BEGAN < BEHAVIOUR["warmsUpMs"] / 1000
            if BEHAVIOUR["isNeverHealthy"] or warming_up:
                status = 503
        elif BEHAVIOUR["says"]:
            print(BEHAVIOUR["says"], file=sys.stderr)
        if self.path != "/healthz":
            print("INFO answered", self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


Server((os.environ["ADDRESS"], int(os.environ["PORT"])), Handler).serve_forever()
