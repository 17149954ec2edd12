from accounts.models.address import AddressKey
from accounts.models.api_key import ApiKey
from accounts.models.change import Change, FeedState
from accounts.models.idempotency import IdempotencyKey
from accounts.models.invitation import Invitation
from accounts.models.limit import CacheEpoch, RateLimit
from accounts.models.notice import NoticeChoice
from accounts.models.profile import Profile
from accounts.models.role import Permission, Role, RolePermission, UserRole
from accounts.models.session import RefreshToken, Session
from accounts.models.settings import UserSettings
from accounts.models.sign_in import SignIn
from accounts.models.user import User
from accounts.models.workspace import Membership, Workspace

__all__ = [
    "AddressKey",
    "ApiKey",
    "CacheEpoch",
    "Change",
    "FeedState",
    "IdempotencyKey",
    "Invitation",
    "Membership",
    "NoticeChoice",
    "Permission",
    "Profile",
    "RateLimit",
    "RefreshToken",
    "Role",
    "RolePermission",
    "Session",
    "SignIn",
    "User",
    "UserRole",
    "UserSettings",
    "Workspace",
]
