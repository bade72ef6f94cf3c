"""Which function does a kind of job, as `module:function`. Imported in the worker process only, when one is claimed.
Modules of this application are named from here (`..` is the application), because the wheel has it under another name.

A handler is `run(app: App, payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]`. What it returns is the
job's result: JSON values, shown by `jobs show` and by notifications. It may be killed at any moment and run again, so
it must not double anything. An exception fails the job, which is tried again later; raise `JobFailedError` where
trying again cannot help.
"""

from ..job_kinds import CHANGES, CLEANUP_ITEM, EMBED, MEASURE, NIGHTLY, PROPOSE, RECONCILE, RESTORE

HANDLERS = {
    RESTORE: "..job_handlers.restore:run",
    NIGHTLY: "..job_handlers.nightly:run",
    CHANGES: "..job_handlers.scan:changes",
    RECONCILE: "..job_handlers.scan:reconcile",
    PROPOSE: "..job_handlers.propose:run",
    CLEANUP_ITEM: "..cleanup.feeder:feed",
    MEASURE: "..job_handlers.measure:run",
    EMBED: "..job_handlers.embed:run",
}
