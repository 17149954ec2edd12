from django.urls import include, path

from taishang.views import tasks

urlpatterns = [
    # Tasks
    path("tasks/", tasks.task_list, name="tasks"),
    path("tasks/count/", tasks.task_count, name="task_count"),
    path("tasks/<uuid:pk>/", tasks.task_detail, name="task"),
    path("tasks/<uuid:pk>/cancellation/", tasks.cancel, name="task_cancellation"),
    path("tasks/<uuid:pk>/retry/", tasks.retry, name="task_retry"),
    # For programs
    path("api/v1/", include("taishang.api.urls")),
]
