"""A psyche-events server under the original's names, with nothing but Python's standard library."""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass


@dataclass
class Event:
    event_type: str
    timestamp: str
    data: dict
    cursor: str


class EventManager:
    """Publishes and follows over HTTP. A listener is called in a thread of its own, and resumes by itself."""

    def __init__(self, url, token=None):
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._ended = {}

    def publish(self, event_type, **data):
        """Stores one event, once, however often a failure makes it be sent; returns its cursor."""
        body = json.dumps({"data": data, "idempotencyKey": str(uuid.uuid4())}).encode()
        headers = {**self._headers, "content-type": "application/json"}
        request = urllib.request.Request(f"{self._url}/publish.{event_type}", body, headers)
        for pause in (0.2, 1, 5, None):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.load(answer)["result"]["data"]["json"]["cursor"]
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429 or pause is None:
                    raise ValueError(json.load(error)["error"]["json"]["message"]) from error
            except OSError:
                if pause is None:
                    raise
            time.sleep(pause)

    def add_listener(self, callback, types, since=None, topic="default"):
        """Returns once the server has begun to follow, so that whatever is published then is heard."""
        listener_id = str(uuid.uuid4())
        begun, self._ended[listener_id] = threading.Event(), threading.Event()
        question = {"types": types, "topic": topic, "since": since}
        question = {name: value for name, value in question.items() if value is not None}
        arguments = (question, callback, begun, self._ended[listener_id])
        threading.Thread(target=self._follow, args=arguments, daemon=True).start()
        begun.wait(10)
        return listener_id

    def remove_listener(self, listener_id):
        self._ended.pop(listener_id).set()

    def _follow(self, question, callback, begun, ended):
        url = f"{self._url}/on.any?input={urllib.parse.quote(json.dumps(question))}"
        cursor = None
        while not ended.is_set():
            headers = {**self._headers, **({"last-event-id": cursor} if cursor else {})}
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as stream:
                    for cursor, item in _items(stream, cursor):
                        if ended.is_set():
                            return
                        self._hand_out(item, cursor, callback, begun)
            except OSError:
                ended.wait(1)  # and then again, after the last event

    @staticmethod
    def _hand_out(item, cursor, callback, begun):
        if item["event_type"] == "stream_synced":
            begun.set()
        elif item["event_type"] == "stream_gap":
            print("missed:", item["data"])
        else:
            callback(Event(item["event_type"], item["timestamp"], item["data"], cursor))


def _items(stream, cursor):
    """Items of a stream of server-sent events, each with its id; an empty line ends an event."""
    data = None
    for line in stream:
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if name == "id":
            cursor = value
        elif name == "data":
            data = json.loads(value)
        elif name == "" and data is not None:
            if "json" in data:
                yield cursor, data["json"]
            data = None
