"""Which function does a kind of job, as `module:function`. Imported in the worker process only, when one is claimed.

A handler is `run(app: App, payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]`. What it returns is the
job's result: JSON values, shown by `jobs show` and by notifications. It may be killed at any moment and run again, so
it must not double anything. An exception fails the job, which is tried again later; raise `JobFailedError` where
trying again cannot help.
"""

from .kinds import CHANGES, CLEANUP_ITEM, EMBED, MEASURE, NIGHTLY, PROPOSE, RECONCILE, RESTORE

HANDLERS = {
    RESTORE: "plugin.jobs.restore_job:run",
    NIGHTLY: "plugin.jobs.nightly_job:run",
    CHANGES: "plugin.watching.handlers:changes",
    RECONCILE: "plugin.watching.handlers:reconcile",
    PROPOSE: "plugin.watching.proposing:run",
    CLEANUP_ITEM: "plugin.cleanup.running:feed",
    MEASURE: "plugin.cleanup.measuring:run",
    EMBED: "plugin.jobs.embed_job:run",
}
