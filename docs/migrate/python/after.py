"""The same calls to a psyche-events server: a listener, and an agent that says something."""

import os
import threading

from psyche_events import EventManager

heard = threading.Event()
manager = EventManager(os.environ.get("URL", "http://127.0.0.1:3000/trpc"))


def handle_event(event):
    print(f"Received: {event.event_type}: {event.data['message']}")
    heard.set()


listener_id = manager.add_listener(handle_event, types=["agent_message"])

manager.publish(
    "agent_message",
    agent_id="agent_1",
    agent_type="CognitivePsychologist",
    message="I believe we should explore...",
    sentiment={"score": 0.75, "label": "positive"},
    metadata={"interaction_count": 5, "has_memory": True},
)

heard.wait(10)
manager.remove_listener(listener_id)
