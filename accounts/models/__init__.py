from accounts.models.api_key import ApiKey
from accounts.models.idempotency import IdempotencyKey
from accounts.models.invitation import Invitation
from accounts.models.profile import Profile
from accounts.models.role import Permission, Role, RolePermission, UserRole
from accounts.models.session import RefreshToken, Session
from accounts.models.settings import UserSettings
from accounts.models.user import User
from accounts.models.workspace import Membership, Workspace

__all__ = [
    "ApiKey",
    "IdempotencyKey",
    "Invitation",
    "Membership",
    "Permission",
    "Profile",
    "RefreshToken",
    "Role",
    "RolePermission",
    "Session",
    "User",
    "UserRole",
    "UserSettings",
    "Workspace",
]
