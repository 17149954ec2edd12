from django.urls import path

from taishang.api import tasks

urlpatterns = [
    # Tasks
    path("task-types/", tasks.TaskTypes.as_view()),
    path("tasks/", tasks.Tasks.as_view()),
    path("tasks/<uuid:task_id>/", tasks.TaskDetail.as_view()),
    path("tasks/<uuid:task_id>/events/", tasks.TaskEvents.as_view()),
    path("tasks/<uuid:task_id>/stream/", tasks.TaskStream.as_view()),
    path("tasks/<uuid:task_id>/cancellation/", tasks.TaskCancellation.as_view()),
    path("tasks/<uuid:task_id>/retry/", tasks.TaskRetry.as_view()),
]
