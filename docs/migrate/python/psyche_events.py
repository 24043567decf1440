"""A psyche-events server under the original's names, with nothing but Python's standard library."""

import http.client
import json
import queue
import sys
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

    def publish(self, event_type, *, topic="default", **data):
        """Stores one event, once, however often a failure makes it be sent; returns its cursor."""
        body = json.dumps({"data": data, "topic": topic, "idempotencyKey": str(uuid.uuid4())}).encode()
        headers = {**self._headers, "content-type": "application/json"}
        request = urllib.request.Request(f"{self._url}/publish.{event_type}", body, headers)
        for pause in (0.2, 1, 5, None):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.load(answer)["result"]["data"]["json"]["cursor"]
            except urllib.error.HTTPError as error:
                if _is_for_good(error.code) or pause is None:
                    raise ValueError(_message(error)) from error
            except OSError:
                if pause is None:
                    raise
            time.sleep(pause)

    def add_listener(self, callback, types, since=None, topic="default"):
        """Returns once the server has begun to follow, so that whatever is published then is heard.

        Raises ValueError where the server refuses, and TimeoutError where it has not begun within ten seconds.
        """
        listener_id = str(uuid.uuid4())
        begun, self._ended[listener_id] = queue.Queue(), threading.Event()
        question = {"types": types, "topic": topic, "since": since}
        question = {name: value for name, value in question.items() if value is not None}
        arguments = (question, callback, begun, self._ended[listener_id])
        threading.Thread(target=self._follow, args=arguments, daemon=True).start()
        try:
            refusal = begun.get(timeout=10)
        except queue.Empty:
            refusal = TimeoutError(f"{self._url} has not begun to follow within 10 s")
        if refusal:
            self.remove_listener(listener_id)
            raise refusal
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
            except _Refused as refusal:
                return _tell(refusal, begun)
            except urllib.error.HTTPError as error:
                if _is_for_good(error.code):
                    return _tell(_Refused(_message(error)), begun)
            except (OSError, http.client.HTTPException):
                pass
            ended.wait(1)  # and then again, after the last event

    @staticmethod
    def _hand_out(item, cursor, callback, begun):
        if item["event_type"] == "stream_synced":
            begun.put(None)
        elif item["event_type"] == "stream_gap":
            print("missed:", item["data"])
        else:
            callback(Event(item["event_type"], item["timestamp"], item["data"], cursor))


class _Refused(ValueError):
    """The server does not let us follow, and would not the next time."""


def _tell(refusal, begun):
    """Hands it to the caller who waits, and prints it, since the listener may have begun long ago."""
    print("no more events:", refusal, file=sys.stderr)
    begun.put(refusal)


def _items(stream, cursor):
    """Items of a stream of server-sent events, each with its id; an empty line ends an event. A failure ends them."""
    kind = data = None
    for line in stream:
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            cursor = value
        elif name == "data":
            data = value
        elif name == "":
            if kind == "serialized-error":
                error = json.loads(data)["json"]
                if _is_for_good(error["data"]["httpStatus"]):
                    raise _Refused(error["message"])
                return
            if kind is None and data is not None:
                yield cursor, json.loads(data)["json"]
            kind = data = None


def _is_for_good(status):
    """True of a status that another try would not change."""
    return status < 500 and status not in (408, 429)


def _message(error):
    """Text of a refusal; of a server that is none of ours, its status."""
    try:
        return json.load(error)["error"]["json"]["message"]
    except (ValueError, KeyError, TypeError):
        return str(error)
