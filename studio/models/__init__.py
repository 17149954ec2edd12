from studio.models.agent import Agent, AgentRating, AgentVersion
from studio.models.batch import Batch, BatchItem
from studio.models.chapter import Chapter
from studio.models.character import AIInclusion, Appearance, Character, CharacterRelation
from studio.models.chat import Chat
from studio.models.collaborator import Collaborator
from studio.models.comment import Comment
from studio.models.finding import Finding
from studio.models.importing import Import
from studio.models.proposal import Proposal
from studio.models.publication import Like, Publication, PublishedChapter, Read, ReadingDay
from studio.models.request import AIRequest
from studio.models.save import ChapterSave
from studio.models.scene import Scene, SceneCharacter
from studio.models.search import SearchSegment
from studio.models.tag import ChapterTag, Tag
from studio.models.version import ChapterVersion
from studio.models.volume import Volume
from studio.models.work import Work
from studio.models.worldview import WorldEntry, WorldEntryCharacter
from studio.models.writing import WritingDay, WritingGoal

__all__ = [
    "AIInclusion",
    "AIRequest",
    "Agent",
    "AgentRating",
    "AgentVersion",
    "Appearance",
    "Batch",
    "BatchItem",
    "Chapter",
    "ChapterSave",
    "ChapterTag",
    "ChapterVersion",
    "Character",
    "CharacterRelation",
    "Chat",
    "Collaborator",
    "Comment",
    "Finding",
    "Import",
    "Like",
    "Proposal",
    "Publication",
    "PublishedChapter",
    "Read",
    "ReadingDay",
    "Scene",
    "SceneCharacter",
    "SearchSegment",
    "Tag",
    "Volume",
    "Work",
    "WorldEntry",
    "WorldEntryCharacter",
    "WritingDay",
    "WritingGoal",
]
