"""What the engine tells the apps above, in the transaction of the deed. Keyword arguments only."""

from django.dispatch import Signal

task_finished = Signal()  # task: as claimed, state: how it ended, code: of the failure
call_finished = Signal()  # call: as it was settled
# workspace_id, user_id, scope: workspace or user_plan, marks: `unit:percent` passed for the first time this month
quota_crossed = Signal()
model_disabled = Signal()  # model: as it is now
model_deleted = Signal()  # model: as it was
