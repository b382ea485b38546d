"""Loads a day's delivery from Python: starts the workflow by its name with JSON, follows it, prints its result.

    pip install -r examples/python/requirements.txt
    TEMPORAL_ADDRESS=127.0.0.1:7233 python examples/python/ingest.py '{"logicalDate": "2026-03-11"}' mes-2026-03-11

The second argument is an idempotency key: it becomes the workflow id, so that a repeated call attaches to the run that
there is. Nothing of the contract is written here: contracts/json/mfgRawIngestion.json has the workflow's type, its task
queue, and JSON Schemas of what it takes and gives. Progress goes to the error output, the result to the output. Exit code
1: the run failed, 2: the input is not valid.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from jsonschema import Draft202012Validator
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

CONTRACT = json.loads(
    (Path(__file__).parents[2] / "contracts" / "json" / "mfgRawIngestion.json").read_text()
)
POLL_S = 0.5
ANSWER_WITHIN = timedelta(seconds=2)


async def start_or_attach(client: Client, run_input: dict, key: str) -> WorkflowHandle:
    """Starts the run, unless one goes on or has ended well under the key."""
    try:
        return await client.start_workflow(
            CONTRACT["workflowType"],
            run_input,
            id=key,
            task_queue=CONTRACT["taskQueue"],
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        )
    except WorkflowAlreadyStartedError:
        return client.get_workflow_handle(key)


async def show_progress(handle: WorkflowHandle, ended: asyncio.Event) -> None:
    """Prints each stage once, until the run has ended."""
    told = None
    while not ended.is_set():
        try:
            progress = await handle.query("progress", rpc_timeout=ANSWER_WITHIN)
        except (RPCError, WorkflowQueryFailedError):  # No worker has taken the run up yet, or answers: asked again.
            progress = None
        if progress and progress["stage"] != told:
            told = progress["stage"]
            print(f"{told}, {progress['loads']['rowsLoaded']} rows loaded", file=sys.stderr, flush=True)
        try:
            await asyncio.wait_for(ended.wait(), POLL_S)
        except asyncio.TimeoutError:
            pass


async def main(run_input: dict, key: str) -> int:
    problems = [
        f"{problem.json_path}: {problem.message}"
        for problem in Draft202012Validator(CONTRACT["input"]).iter_errors(run_input)
    ]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 2
    api_key = os.environ.get("TEMPORAL_API_KEY")
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        api_key=api_key,
        tls=bool(api_key),
    )
    handle = await start_or_attach(client, run_input, key)
    ended = asyncio.Event()
    following = asyncio.create_task(show_progress(handle, ended))
    try:
        result = await handle.result()
    except WorkflowFailureError as error:
        cause = error.cause
        kind = cause.type if isinstance(cause, ApplicationError) else type(cause).__name__
        print(f"{kind}: {cause.message}", file=sys.stderr)
        return 1
    finally:
        ended.set()
        await following
    Draft202012Validator(CONTRACT["result"]).validate(result)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: ingest.py INPUT_JSON IDEMPOTENCY_KEY")
    exit_code = asyncio.run(main(json.loads(sys.argv[1]), sys.argv[2]))
    # A program as short as this one leaves at once: a thread of the SDK may still deliver an answer, and Python aborts
    # when that happens while it is taken down (temporalio/sdk-python, issue 300).
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
