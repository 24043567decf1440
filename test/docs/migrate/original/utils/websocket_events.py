"""A stand-in for the original's module, with the names and arguments that its guide shows."""

import queue
import threading
from types import SimpleNamespace

_managers = []


class WebSocketEventManager:
    def __init__(self, enable_redis=False):
        self._listeners = {}
        self._queue = queue.Queue(1000)
        threading.Thread(target=self._run, daemon=True).start()
        _managers.append(self)

    def add_listener(self, callback):
        listener_id = f"listener_{len(self._listeners)}"
        self._listeners[listener_id] = callback
        return listener_id

    def remove_listener(self, listener_id):
        del self._listeners[listener_id]

    def broadcast(self, event_type, data):
        self._queue.put(SimpleNamespace(event_type=event_type, data=data))

    def _run(self):
        while True:
            event = self._queue.get()
            for listener in list(self._listeners.values()):
                listener(event)


def broadcast_agent_message(agent_id, agent_type, message, sentiment_data, metadata):
    data = {"agent_id": agent_id, "agent_type": agent_type, "message": message}
    for manager in _managers:
        manager.broadcast("agent_message", {**data, "sentiment": sentiment_data, "metadata": metadata})
