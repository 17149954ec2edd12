from querygpt.models.connection import Connection, ConnectionFile
from querygpt.models.conversation import Conversation
from querygpt.models.knowledge import Example, Term
from querygpt.models.message import Message
from querygpt.models.prompt import Prompt
from querygpt.models.result import Result
from querygpt.models.run import Run
from querygpt.models.schema import Column, Relationship, Table
from querygpt.models.slot import Slot

__all__ = [
    "Column",
    "Connection",
    "ConnectionFile",
    "Conversation",
    "Example",
    "Message",
    "Prompt",
    "Relationship",
    "Result",
    "Run",
    "Slot",
    "Table",
    "Term",
]
