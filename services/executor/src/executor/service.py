"""The executor: what it hears, says, serves and does by itself."""

from chassis.service import Loop, Service, Subscription
from contracts.executor import (
    DeleteRun,
    RestartRun,
    RunDeleted,
    RunFailed,
    RunFinished,
    RunQueued,
    RunStarted,
    RunStopped,
    StartRun,
    StepEnded,
    StepStarted,
    StopRun,
)
from contracts.outcomes import DatasetFilled
from contracts.refusals import ExecutorCommandRefused, ExecutorDeliveryParked
from executor.runs import legacy
from executor.runs import routes as runs
from executor.runs.collector import collect_due
from executor.runs.fetcher import AT_ONCE, fetch_due
from executor.runs.handlers import delete_run, keep_outputs, restart_run, start_run, stop_run
from executor.runs.submitter import submit_due
from executor.runs.sweep import sweep
from executor.tokens import routes as tokens
from executor.unit import ExecutorSettings, ExecutorUnit, opened, pings

executor = Service(
    name="executor",
    subscriptions=(
        Subscription(StartRun, start_run),
        Subscription(RestartRun, restart_run),
        Subscription(StopRun, stop_run),
        Subscription(DeleteRun, delete_run),
        Subscription(DatasetFilled, keep_outputs),
    ),
    says=(RunQueued, RunStarted, StepStarted, StepEnded, RunFinished, RunFailed, RunStopped, RunDeleted),
    refused=ExecutorCommandRefused,
    parked=ExecutorDeliveryParked,
    routes=(runs.router, legacy.router, tokens.router),
    loops=(
        # several equal ones: a long file keeps nobody else from theirs
        *(Loop("executor.fetcher", fetch_due, every=4.0) for _ in range(AT_ONCE)),
        Loop("executor.submitter", submit_due, every=1.0),
        Loop("executor.sweep", sweep, every=0.25, idle=2.0),
        Loop("executor.collector", collect_due, every=1.0),
    ),
    warm=("executor.runner.warm",),
    unit=ExecutorUnit,
    settings=ExecutorSettings,
    open=opened,
    pings=pings,
    package="executor",
)
