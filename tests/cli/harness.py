"""What the tests of the command line share: cases by name, the program, the small experiments, and what every refusal must be.

SCRIPT PROXON PLUGINS WORK_FOLDER [CASE...]; every case runs in WORK_FOLDER/CASE, and prints one line.
"""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback

import h5py
import numpy as np

proxon, plugins, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
cases = []
# How many times longer than usual anything may take: 10 under a sanitizer.
patience = float(os.environ.get("PROXON_PATIENCE", "1"))


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


def case(name):
    def add(function):
        cases.append((name, function))
        return function
    return add


def main():
    # A crash must show as a core that nobody asked for, not be hidden by a limit.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    wanted, failed = sys.argv[4:], 0
    for name, function in cases:
        if wanted and name not in wanted:
            continue
        folder = work / re.sub(r"\W+", "_", name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.chdir(folder)
        start = time.monotonic()
        try:
            function()
            check(not list(folder.rglob("core*")), "a core dump was left")
            print(f"ok       {name} ({time.monotonic() - start:.1f} s)", flush=True)
        except Skipped as why:
            print(f"skipped  {name}: {why}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED   {name}: {error}" if isinstance(error, Failed) else f"FAILED   {name}:\n{traceback.format_exc()}", flush=True)
    print(f"{failed} of {len(cases)} failed" if failed else "all hold")
    sys.exit(1 if failed else 0)


# ------------------------------------------------------------------------------------------------------------- the program

# A trial that crashes on purpose ends by its signal also under a sanitizer, which would end with a status of its own.
environment = {**os.environ, "PROXON_PLUGIN_PATH": str(plugins), "ASAN_OPTIONS": "handle_segv=0", "TSAN_OPTIONS": "handle_segv=0"}


class Result:
    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def __str__(self):
        return f"{' '.join(self.command)}\n  ended with {self.status}\n  stdout: {self.out.strip()}\n  stderr: {self.err.strip()}"


def run(*arguments, cwd=None, limit_file=None):
    """Runs the program to its end; `limit_file` is the size in bytes beyond which it cannot write a file."""
    def limits():
        if limit_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file, limit_file))
    command = [proxon, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120 * patience, preexec_fn=limits)
    return Result(command, done.returncode, done.stdout, done.stderr)


def ok(*arguments, **options):
    result = run(*arguments, **options)
    check(result.status == 0, f"should succeed:\n{result}")
    clean(result)
    return result


def sanitizer():
    """The sanitizer that the program was built with: asan, tsan or None."""
    linked = subprocess.run(["ldd", proxon], capture_output=True, text=True).stdout
    return next((name for name in ("asan", "tsan") if f"lib{name}" in linked), None)


def clean(result):
    """No figure that is no figure, and no defect, is ever shown to a person."""
    check(not re.search(r"internal error|(?<![a-z])-?nan\b|terminate called|Segmentation|HDF5-DIAG", result.out + result.err, re.I), f"shows what it must not:\n{result}")


def sentence(result, *parts):
    """Standard error is one sentence after "proxon: error: ", which holds each of `parts`."""
    lines = [line for line in result.err.strip().split("\n") if not line.startswith("proxon: note: ")]
    check(len(lines) == 1, f"standard error should be one line:\n{result}")
    check(lines[0].startswith("proxon: error: "), f"should begin with 'proxon: error: ':\n{result}")
    check(lines[0][-1] in ".?", f"should end like a sentence:\n{result}")
    check(".." not in lines[0].replace("...", "").replace("../", "").rstrip("?") and "  " not in lines[0] and " :" not in lines[0], f"badly put together:\n{result}")
    check(not re.search(r"internal error|(?<![a-z'])-?nan\b(?!')|terminate called|std::|HDF5-DIAG", re.sub(r"weight nan|: is nan, and must be", "", lines[0])), f"shows what it must not:\n{result}")
    for part in parts:
        check(part in lines[0], f"should say '{part}':\n{result}")


def refused(*arguments, says=(), status=1, leaves=(), **options):
    """The run is refused with one sentence, and the folder is left as it was but for the names in `leaves`."""
    before = snapshot()
    result = run(*arguments, **options)
    check(result.status == status, f"should end with {status}:\n{result}")
    sentence(result, *says)
    after = snapshot()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} - set(leaves)
    check(not changed, f"changed or left behind {sorted(changed)}:\n{result}")
    return result


def snapshot():
    return {str(p): p.read_bytes() for p in pathlib.Path(".").rglob("*") if p.is_file()}


def whole(archive):
    """The archive opens in h5py and keeps the rules of NWB and SONATA."""
    with h5py.File(archive) as f:
        check("proxon" in f, f"{archive} has no group proxon")
    ok("archive", "check", archive)


def stages(archive):
    with h5py.File(archive) as f:
        return [row["name"].decode() for row in f["proxon/stages"]]


# ------------------------------------------------------------------------------------------------------- runs that are stopped

def flushed(archive, name):
    """Rows of a stream that another process may be writing."""
    try:
        with h5py.File(archive, "r", libver="latest", swmr=True, locking=False) as f:
            names = [n.decode() for n in f["proxon/streams/names"][:]]
            return int(f["proxon/streams/rows"][names.index(name)])
    except (OSError, KeyError, RuntimeError, ValueError):
        return 0  # not yet a file, or caught in a moment of change


def started(archive, checkpoint="/proxon/training/checkpoint", enough=any):
    """Whether a training (a simulation) is under way that has left a checkpoint in any (all) of its slots."""
    return enough(flushed(archive, f"{checkpoint}/{slot}") > 0 for slot in "ab")


def stopped_after(number, archive, checkpoint, *arguments, enough=any):
    """Stops a run that has left a checkpoint (enough=all: two), however fast the machine: it runs for some milliseconds at a time, and one looks while it stands still."""
    process = subprocess.Popen([proxon, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    while process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        if started(archive, checkpoint, enough):
            break
        process.send_signal(signal.SIGCONT)
        time.sleep(0.005)
    process.send_signal(signal.SIGCONT)
    time.sleep(0.002 * patience)  # a signal to what stands still may end up at any of its threads, and thread sanitizer needs it at the first
    process.send_signal(number)
    _, err = process.communicate(timeout=100 * patience)
    check(process.returncode in (130, -signal.SIGKILL), f"stops as it was told: {process.returncode} {err}")


# --------------------------------------------------------------------------------------------------------- the experiments

spiking = (pathlib.Path(__file__).parent / "spiking.toml").read_text()
rate = (pathlib.Path(__file__).parent / "rate.toml").read_text()


def write(text=spiking, name="experiment.toml"):
    pathlib.Path(name).write_text(text)
    return name


def changed(old, new, text=spiking):
    """The experiment with one piece replaced, written to a file; gives the place of `new` as messages state it."""
    check(text.count(old) == 1, f"'{old}' should stand once in the experiment")
    write(text.replace(old, new))
    return "experiment.toml:" + str(text[:text.index(old)].count("\n") + 1) + ":"


def metrics(archive):
    """{(name, scope): row}"""
    with h5py.File(archive) as f:
        rows = f["proxon/metrics"][:]
    return {(r["name"].decode(), r["scope"].decode()): r for r in rows}


def equal(one, other):
    """All data sets of two archives are the same to the bit, but for when and how fast they were made; gives their number."""
    def datasets(f):
        found = {}
        f.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
        return found

    def bits(name, dataset):
        value = dataset[()]
        if name == "proxon/stages":
            return list(value["name"])
        if dataset.dtype.hasobject:
            return [dataset.shape, value.tolist() if isinstance(value, np.ndarray) else value]
        return [str(dataset.dtype), dataset.shape, np.asarray(value).tobytes()]

    made = {"file_create_date", "session_start_time", "timestamps_reference_time", "identifier"}
    with h5py.File(one) as a, h5py.File(other) as b:
        left, right = datasets(a), datasets(b)
        check(left.keys() == right.keys(), f"{one} and {other} do not hold the same: {left.keys() ^ right.keys()}")
        names = left.keys() - made
        differ = sorted(name for name in names if bits(name, left[name]) != bits(name, right[name]))
        check(not differ, f"{one} and {other} differ in {differ}")
        return len(names)
