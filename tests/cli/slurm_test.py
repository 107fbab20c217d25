"""A sweep on a real Slurm, with one node on this machine: munged, slurmctld and slurmd are started here, with files and ports of their own. Skipped
where they are not installed (Debian: slurm-wlm, munge) or may not be started (not root)."""
import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import h5py

from harness import Failed, Skipped, case, check, environment, main, ok, proxon, run, work

host = socket.gethostname().split(".")[0]
base = work.absolute() / "slurm"
processes = []
started = None

config = f"""
ClusterName=proxon
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.socket,cred_expire=10
CredType=cred/munge
SlurmctldPort=%d
SlurmdPort=%d
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdLogFile={base}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
MinJobAge=30
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1000 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

sweep = """
function = "sphere"
function_time = 60
[axes]
x = { low = -1, high = 1, points = 40 }
y = { low = 0, high = 4, space = "integer" }
[objectives.value]
metric = "value"
[executor]
name = "slurm"
workers = 2
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def slurm(*command):
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    return done.returncode, (done.stdout + done.stderr).strip()


def stop():
    for process in reversed(processes):
        process.terminate()
    for process in reversed(processes):
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def start():
    """The cluster, once; says why when there is none."""
    global started
    if started is None:
        started = begin()
    if started:
        raise Skipped(started)


def begin():
    missing = [program for program in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: slurm-wlm, munge)"
    if os.getuid() != 0:
        return "slurmd must be started by root"
    shutil.rmtree(base, ignore_errors=True)
    for folder in ("state", "spool"):
        (base / folder).mkdir(parents=True)
    (base / "key").write_bytes(os.urandom(1024))
    (base / "key").chmod(0o600)
    (base / "slurm.conf").write_text(config % (free_port(), free_port()))
    environment["SLURM_CONF"] = str(base / "slurm.conf")
    environment["PATH"] += ":/usr/sbin:/sbin"
    atexit.register(stop)

    def daemon(*command):
        log = open(base / (pathlib.Path(command[0]).name + ".out"), "w")
        processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
    daemon("munged", "--foreground", "--force", f"--socket={base}/munge.socket", f"--key-file={base}/key", f"--pid-file={base}/munge.pid",
           f"--log-file={base}/munge.log", f"--seed-file={base}/munge.seed")
    until = time.monotonic() + 60
    while not (base / "munge.socket").exists():
        if processes[0].poll() is not None or time.monotonic() > until:
            return "munged does not start: " + (base / "munged.out").read_text().strip()[-300:]
        time.sleep(0.1)
    daemon("slurmctld", "-D", "-c")
    daemon("slurmd", "-D", "-N", host)
    while time.monotonic() < until:
        if "idle" in slurm("sinfo", "-h", "-o", "%T")[1]:
            return ""
        time.sleep(0.5)
    return "the node does not come up: " + slurm("sinfo", "-R")[1] + (base / "slurmd.out").read_text()[-300:]


def exact(points=200):
    with h5py.File("s.h5") as f:
        check(len(f["trials/id"]) == points, f"{len(f['trials/id'])} rows of {points}")
        check(len(set(f["trials/id"][:].tolist())) == points, "none is there twice")
        check((f["trials/state"][:] == 0).all(), f"all are done: {[r.decode() for r in f['failures/reason'][:3]]}")
        return sorted(set(f["trials/worker"][:].tolist()))


def begun(workers=1):
    """A sweep whose tasks have begun to give results."""
    pathlib.Path("s.toml").write_text(sweep)
    process = subprocess.Popen([proxon, "sweep", "s.toml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    until = time.monotonic() + 60
    while sum(p.stat().st_size > 500 for p in pathlib.Path("s.h5.work").glob("worker-*.journal")) < workers:
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise Failed(f"the tasks should begin: {process.communicate()} {slurm('squeue')[1]}")
        time.sleep(0.1)
    return process


def ended(process):
    out, err = process.communicate(timeout=150)
    check(process.returncode == 0, f"should succeed: {out} {err}")
    check(not slurm("squeue", "-h")[1], "no job is left")
    return exact()


@case("a sweep runs as an array of jobs")
def _():
    start()
    pathlib.Path("s.toml").write_text(sweep)
    ok("sweep", "s.toml")
    check(set(exact()) <= {0, 1}, "the tasks have the numbers of the array")
    check("200 of them known from before" in ok("sweep", "s.toml", "--set", "executor.name=local").out, "the executor is no part of a trial")


@case("a task that is cancelled is begun again, and its trials are run")
def _():
    start()
    process = begun()
    job = pathlib.Path("s.h5.work/slurm.jobs").read_text().split()[0]
    slurm("scancel", f"{job}_1")
    ended(process)


@case("a node that goes down and comes back: all trials are run, none twice")
def _():
    start()
    process = begun()
    slurm("scontrol", "update", f"NodeName={host}", "State=DOWN", "Reason=test")
    time.sleep(4)
    slurm("scontrol", "update", f"NodeName={host}", "State=RESUME")
    ended(process)


@case("killed where it gives out trials, it goes on with the same command")
def _():
    start()
    process = begun()
    process.kill()
    process.communicate()
    ok("sweep", "s.toml")
    check(not slurm("squeue", "-h")[1], "no job is left")
    exact()


@case("Ctrl-C cancels the jobs")
def _():
    start()
    process = begun()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    check(process.returncode == 130, "ends with 130")
    check(not slurm("squeue", "-h", "-t", "PENDING,RUNNING")[1], "no job is left")


main()
