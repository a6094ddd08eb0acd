"""Jobs beside the moves: staff's tasks, steps completed through the API, and what legacy deliveries point to."""

from dataclasses import replace

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.errors import NotFound, NotPossible
from bridge.sandbox.platform.event import Event
from bridge.sandbox.platform.move_outs import MoveOuts
from bridge.sandbox.platform.records import Job, JobData, JobResult, JobState, JobType, UnitState


class Jobs:
    def __init__(self, books: Books, move_outs: MoveOuts) -> None:
        self._books = books
        self._move_outs = move_outs

    def raise_task(self, data: JobData) -> Job:
        return self._books.open_job(JobType.TASK, owner=self._books.api_user_id, data=data, step="task")

    def complete_step(self, job_id: str, step_id: str, next_state: UnitState | None) -> Job:
        """Complete one step: a move-out's ends the rental, a task's ends the task. Other jobs are not for this."""
        job = self._books.jobs.get(job_id)
        if step_id not in {step.id for step in job.steps}:
            raise NotFound("step not found")
        if job.type is JobType.MOVE_OUT:
            self._move_outs.confirm_step(job, next_state or UnitState.AVAILABLE)
            return self._books.jobs.get(job_id)
        if job.type is not JobType.TASK or not job.state.is_alive:
            raise NotPossible(f"this step of a {job.type} job that is {job.state} cannot be completed")
        return self._books.end_job(job_id, JobState.COMPLETED)

    def about(self, event: Event) -> Job:
        """Return the job that a legacy delivery of `event` names, made now if the event has none."""
        if event.job_id is not None:
            return self._books.jobs.get(event.job_id)
        result = JobResult(unit_rental_ids=event.rental_ids)
        if len(event.rental_ids) == 1:
            result = replace(result, unit_rental_id=event.rental_ids[0], unit_rental_ids=None)
        job = self._books.open_job(JobType.RENTAL_EVENT, owner=None, data=JobData(), step="tell")
        return self._books.end_job(job.id, JobState.COMPLETED, result=result)

    def fail(self, job_id: str) -> None:
        """Mark a job failed, as the platform does after a delivery's last try."""
        self._books.jobs.change(job_id, state=JobState.FAILED)
