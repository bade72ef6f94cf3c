"""Which function does a kind of job, as `module:function`. Imported in the worker process only, when one is claimed.

A handler is `run(app: App, payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]`. What it returns is the
job's result: JSON values, shown by `jobs show` and by notifications. It may be killed at any moment and run again, so
it must not double anything. An exception fails the job, which is tried again later; raise `JobFailedError` where
trying again cannot help.
"""

from ..job_kinds import CHANGES, CLEANUP_ITEM, EMBED, MEASURE, NIGHTLY, PROPOSE, RECONCILE, RESTORE

HANDLERS = {
    RESTORE: "plugin.job_handlers.restore:run",
    NIGHTLY: "plugin.job_handlers.nightly:run",
    CHANGES: "plugin.job_handlers.scan:changes",
    RECONCILE: "plugin.job_handlers.scan:reconcile",
    PROPOSE: "plugin.job_handlers.propose:run",
    CLEANUP_ITEM: "plugin.cleanup.feeder:feed",
    MEASURE: "plugin.job_handlers.measure:run",
    EMBED: "plugin.job_handlers.embed:run",
}
