from django.urls import URLPattern, path

from studio.api import chapters, goals, outline, versions, works

WORK = "works/<uuid:work_id>/"
VOLUME = "volumes/<uuid:volume_id>/"
CHAPTER = "chapters/<uuid:chapter_id>/"
urlpatterns: list[URLPattern] = [
    # Works
    path("works/", works.Works.as_view()),
    path(WORK, works.WorkDetail.as_view()),
    path(f"{WORK}restoration/", works.WorkRestoration.as_view()),
    path(f"{WORK}erasure/", works.WorkErasure.as_view()),
    path(f"{WORK}transfer/", works.WorkTransfer.as_view()),
    path(f"{WORK}stats/", works.WorkStats.as_view()),
    path("bin/", works.Bin.as_view()),
    path("me/writing-goals/", goals.WritingGoals.as_view()),
    path("me/writing/", goals.Writing.as_view()),
    # Order
    path(f"{WORK}outline/", outline.WorkOutline.as_view()),
    path(f"{WORK}arrangement/", outline.WorkArrangement.as_view()),
    path(f"{WORK}volumes/", outline.WorkVolumes.as_view()),
    path(f"{WORK}chapters/", outline.WorkChapters.as_view()),
    path(VOLUME, outline.VolumeDetail.as_view()),
    path(f"{VOLUME}restoration/", outline.VolumeRestoration.as_view()),
    # Chapters
    path(CHAPTER, chapters.ChapterDetail.as_view()),
    path(f"{CHAPTER}lock/", chapters.ChapterLock.as_view()),
    path(f"{CHAPTER}lock/takeover/", chapters.ChapterTakeover.as_view()),
    path(f"{CHAPTER}split/", chapters.ChapterSplit.as_view()),
    path(f"{CHAPTER}merger/", chapters.ChapterMerger.as_view()),
    path(f"{CHAPTER}merges/", chapters.ChapterMerges.as_view()),
    path(f"{CHAPTER}restoration/", chapters.ChapterRestoration.as_view()),
    # Versions
    path(f"{CHAPTER}versions/", versions.ChapterVersions.as_view()),
    path(f"{CHAPTER}versions/<int:number>/", versions.VersionDetail.as_view()),
    path(f"{CHAPTER}versions/<int:number>/restoration/", versions.VersionRestoration.as_view()),
    path(f"{CHAPTER}comparison/", versions.ChapterComparison.as_view()),
]
