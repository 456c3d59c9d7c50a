"""Messages as objects; their home is modelhub.messages."""

from modelhub.messages.msg import Msg as Msg
