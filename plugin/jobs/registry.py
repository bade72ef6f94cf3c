"""Which function does a kind of job, as `module:function`. Imported in the worker process only, when one is claimed.

A handler is `run(app: App, payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]`. What it returns is the
job's result: JSON values, shown by `jobs show` and by notifications. It may be killed at any moment and run again, so
it must not double anything. An exception fails the job, which is tried again later; raise `JobFailedError` where
trying again cannot help.
"""

from plugin.job_kinds import CHANGES, CLEANUP_ITEM, EMBED, MEASURE, NIGHTLY, PROPOSE, RECONCILE, RESTORE

HANDLERS = {
    RESTORE: "plugin.restoring.restore_job:run",
    NIGHTLY: "plugin.library.nightly_job:run",
    CHANGES: "plugin.library.scan_jobs:changes",
    RECONCILE: "plugin.library.scan_jobs:reconcile",
    PROPOSE: "plugin.restoring.propose_job:run",
    CLEANUP_ITEM: "plugin.cleanup.feeder:feed",
    MEASURE: "plugin.library.measure_job:run",
    EMBED: "plugin.library.embed_job:run",
}
