"""Sweeps as a person meets them: what is refused, what a trial may do, kills at random moments, a full disk, a clock that goes back, plugins
that were rebuilt. PROXON_KILLS sets how many kills are tried (200 by hand; a few here)."""
import contextlib
import csv
import os
import pathlib
import pty
import random
import re
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import Failed, Result, case, check, clean, environment, main, ok, patience, plugins, proxon, refused, run, sanitizer, sentence, write

kills = int(os.environ.get("PROXON_KILLS", "12"))

function = """
function = "sphere"
function_time = {time}
[axes]
x = {{ low = -1, high = 1, points = {x} }}
y = {{ low = 0, high = 3, space = "integer" }}
[objectives.value]
metric = "value"
[executor]
workers = 2
"""

tiny = """
experiment = "experiment.toml"
set = ["simulation.duration=500 ms", "training.epochs=2", "training.patience=0", "evaluation.metrics=[\\"mse\\", \\"misbehaves\\"]"]
[axes]
how = { parameter = "evaluation.misbehaves.how", values = ["well"] }
rate = { parameter = "training.optimizer.learning_rate", values = [0.001, 0.002, 0.003] }
[objectives.mse]
metric = "mse"
scope = "test"
[executor]
workers = 2
"""


def sweep_file(text, name="s.toml"):
    pathlib.Path(name).write_text(text)
    return name


def functions(x=20, milliseconds=1.0):
    return sweep_file(function.format(x=x, time=milliseconds))


def table(archive="s.h5"):
    with h5py.File(archive) as f:
        trials, figures = f["trials"], f["trials"].get("figures", {})  # none where every trial failed
        rows = {name: trials[name][:] for name in ("id", "id_low", "state", "number", "start", "seconds", "worker")}
        rows["axes"] = {name: trials["axes"][name][:] for name in trials["axes"]}
        rows["figures"] = {name: figures[name][:] for name in figures}
        rows["reasons"] = dict(zip(f["failures/row"][:].tolist(), (r.decode() for r in f["failures/reason"][:])))
    return rows


def exact(points, archive="s.h5"):
    """Every point is there, done, and once."""
    rows = table(archive)
    check(len(rows["id"]) == points, f"{len(rows['id'])} rows of {points}")
    check((rows["state"] == 0).all(), "all are done")
    check(len(set(zip(rows["id"].tolist(), rows["id_low"].tolist()))) == points, "none is there twice")
    check(len(set(zip(*(rows["axes"][a].tolist() for a in sorted(rows["axes"]))))) == points, "every point is there")
    check(np.isfinite(next(iter(rows["figures"].values()))).all(), "every trial has its figure")
    check(not pathlib.Path(archive + ".work").exists(), "nothing is left beside the archive")
    return rows


def start(*arguments, env=environment):
    # A group of its own, as a shell gives it one.
    return subprocess.Popen([proxon, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True)


def end(process):
    out, err = process.communicate(timeout=120 * patience)
    return Result(process.args, process.returncode, out, err)


def counted(file="s.toml"):
    """How many trials status says are done, or -1 before there is anything."""
    result = run("sweep", "status", file)
    if result.status:
        return -1
    return int(re.search(r"done +([\d,]+)", result.out).group(1).replace(",", ""))


def workers(process):
    listed = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


@case("a sweep: once, and nothing a second time")
def _():
    functions()
    check("80 trials done" in ok("sweep", "s.toml").out, "says what was done")
    before = exact(80)
    result = ok("sweep", "s.toml")
    check("80 of them known from before" in result.out, f"knows them:\n{result}")
    check((exact(80)["start"] == before["start"]).all(), "runs none again")


@case("killed at random moments: the worker, the one that gives out trials, both")
def _():
    points, rounds, least = 4 * 150, 0, -1
    functions(150, 2.0)
    rng = random.Random(4)
    while rounds < kills:
        process = start("sweep", "s.toml")
        for _ in range(3):
            time.sleep(rng.uniform(0.02, 0.35))
            if process.poll() is not None:
                break
            rounds += 1
            what = rounds % 3
            children = workers(process)
            # Both: the parent is held, so that it cannot see its children end before it ends itself.
            if what == 2:
                os.kill(process.pid, signal.SIGSTOP)
            if what != 1:
                for pid in children[:1] if what == 0 else children:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            if what != 0:
                os.kill(process.pid, signal.SIGKILL)
                break
        process.kill()
        process.communicate()
        now = counted()
        check(now >= least, f"a trial that had ended is lost: {now} after {least}")
        least = max(least, now)
        if least == points:
            shutil.rmtree("s.h5.work", ignore_errors=True)
            pathlib.Path("s.h5").unlink()
            least = -1
    ok("sweep", "s.toml")
    rows = exact(points)
    check(not rows["reasons"], "no kill counts as a failure of a trial")


@case("Ctrl-C stops cleanly, and the same command goes on")
def _():
    functions(100, 5.0)
    process = start("sweep", "s.toml")
    while counted() < 1 and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does, to the whole group
    result = end(process)
    check(result.status == 130, f"ends with 130:\n{result}")
    check(re.fullmatch(r"proxon: interrupted; \d+ trials are in s\.h5, and the same command goes on\.\n", result.err), f"one sentence:\n{result}")
    check(not pathlib.Path("s.h5.work").exists(), "nothing is left beside the archive")
    done = len(table()["id"])
    check(0 < done < 400, f"{done} trials were done")
    check(f"{done} of them known from before" in ok("sweep", "s.toml").out, "goes on")
    exact(400)


@case("two sweeps on one archive: the second says so and stops")
def _():
    functions(100, 20.0)  # four seconds and more on two processors
    process = start("sweep", "s.toml")
    while not pathlib.Path("s.h5.work").exists():
        time.sleep(0.02)
    time.sleep(0.5)
    sentence(run("sweep", "s.toml"), "s.h5: a sweep is at work on it already (process ", "proxon sweep status")
    check("a sweep is at work on it" in ok("sweep", "status", "s.toml").out, "status says that it runs")
    check(end(process).status == 0, "the first is not disturbed")
    exact(400)


@case("readable while it runs, in h5py and by status, best and export")
def _():
    functions(400, 10.0)
    process = start("sweep", "s.toml")
    seen = []
    while len(seen) < 4:
        time.sleep(0.4)
        seen.append(counted())
        if pathlib.Path("s.h5").exists():
            with h5py.File("s.h5") as f:
                check("trials/axes/x" in f, "the archive opens")
    check(sorted(seen) == seen and seen[-1] > max(seen[0], 0), f"status counts up: {seen}")
    ok("sweep", "best", "s.toml")
    ok("sweep", "export", "s.toml", "csv")
    with open("s.csv") as f:
        check(len(list(csv.DictReader(f))) >= seen[-1], "the table has what was done")
    os.killpg(process.pid, signal.SIGTERM)
    check(end(process).status == 130, "SIGTERM stops it")


@case("a terminal shows how far it is, the time left and the best so far")
def _():
    functions(100, 4.0)
    ours, its = pty.openpty()
    process = subprocess.Popen([proxon, "sweep", "s.toml"], stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environment)
    os.close(its)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends whose last writer has gone
        while block := os.read(ours, 65536):
            shown += block
    os.close(ours)
    check(process.wait() == 0, "runs")
    check(re.search(r"%  [^\r]* left  \d+ of 400, best value \S+ \(trial [0-9a-f]{8}\)", shown.decode()), f"tells it:\n{shown.decode()[-500:]}")


@case("a sampler that learns, killed before the first archive, has no more trials than it was given")
def _():
    sweep_file('sampler = "tpe"\ntrials = 200\n' + function.format(x=2, time=2).replace(", points = 2", "").replace(', space = "integer"', ""))
    for moment in (0.1, 0.15, 0.19):  # the first archive is written after 0.2 s
        process = start("sweep", "s.toml")
        time.sleep(moment)
        process.kill()
        process.communicate()
        kept = counted()
        result = ok("sweep", "s.toml")
        check(kept <= 0 or f"{kept} of them known from before" in result.out, f"knows {kept}:\n{result}")
        exact(200)
        pathlib.Path("s.h5").unlink()


@case("full disk: what has ended is kept, and goes on when there is room")
def _():
    functions(1000, 0.0)
    result = run("sweep", "s.toml", limit_file=120_000)
    check(result.status == 1, f"should fail:\n{result}")
    check("File too large" in result.err and "s.h5.work" in result.err, f"says what is wrong and where the results are:\n{result}")
    clean(result)
    kept = counted()
    check(kept > 100, f"{kept} trials were kept")
    ok("sweep", "s.toml")
    exact(4000)


@case("a clock that goes back changes no result")
def _():
    functions(50, 1.0)
    shim = pathlib.Path(plugins).parent / "preload" / "clock_goes_back.so"
    if sanitizer():
        shim = None  # a sanitizer must be loaded first itself
    env = {**environment, "LD_PRELOAD": str(shim)} if shim else environment
    result = end(start("sweep", "s.toml", env=env))
    check(result.status == 0, f"should succeed:\n{result}")
    rows = exact(200)
    check((rows["seconds"] >= 0.0009).all() and (rows["seconds"] < 10).all(), "times of trials are right")
    if shim:
        check((np.diff(rows["start"]) < 0).any(), "the clock did go back")


# ------------------------------------------------------------------------------------------------------ trials that misbehave

@case("a trial that crashes, hangs, eats memory, throws, exits or prints a gigabyte is one failed trial")
def _():
    write()
    ways = ["well", "crash", "hang", "throw", "exit", "print"]
    limit = round(15 * patience)
    limits = f"[trial]\ntime_limit = \"{limit} s\"\n"
    if not sanitizer():  # they reserve more address space than any limit
        ways.append("eat")
        limits += "memory_limit = 1500\n"
    sweep_file(tiny.replace('["well"]', str(ways).replace("'", '"')).replace("[0.001, 0.002, 0.003]", "[0.001]") + limits)
    result = run("sweep", "s.toml")
    check(result.status == 0, f"should succeed:\n{result}")
    check("proxon: note: trial " in result.err, f"tells of the first failure at once:\n{result}")
    rows = table()
    with h5py.File("s.h5") as f:
        names = [c.decode() if isinstance(c, bytes) else c for c in f["trials/axes/how"].attrs["choices"]]
    how = [names[int(i)] for i in rows["axes"]["how"]]
    check(len(how) == len(ways), "every trial is there once")
    says = {"crash": "ended by signal 11 (Segmentation fault).", "hang": f"ended after time_limit = {limit} s.", "throw": "it does not want to",
            "exit": "ended the process with status 7.", "eat": "memory_limit = 1500 MB"}
    for row, way in enumerate(how):
        check((rows["state"][row] == 0) == (way in ("well", "print")), f"'{way}' has the right state: {rows['reasons'].get(row)}")
        if way in says:
            check(says[way] in rows["reasons"][row], f"'{way}' says why: {rows['reasons'][row]}")
        if way == "crash":
            check("Last words: " in rows["reasons"][row] and "the last words" in rows["reasons"][row], f"a crash tells its last words: {rows['reasons'][row]}")
    # Failed ones count as tried, until they are asked for again.
    check("known from before" in ok("sweep", "s.toml").out, "runs none again")


@case("of trials that are run together, one that crashes is one failed trial, and one that diverges another")
def _():
    experiment = pathlib.Path(__file__).resolve().parents[2] / "datasets/tiny_mlp/tanh.toml"
    sweep_file(f"""
experiment = "{experiment}"
set = ["training.epochs=2", "training.init=\\"constant\\"", "evaluation.metrics=[\\"mse\\", \\"misbehaves\\"]", "evaluation.misbehaves.how=\\"picky\\""]
[axes]
scale = {{ parameter = "training.init_constant", values = [0.1, 0.2, 0.3, 0.4, 1e6, 0.5, 0.6, 0.7] }}
rate = {{ parameter = "training.optimizer.learning_rate", values = [1e-5, 1e-4, 1e30] }}
[objectives.mse]
metric = "mse"
scope = "test"
[executor]
workers = 1
""")
    check(run("sweep", "s.toml").status == 0, "the sweep itself succeeds")
    rows = table()
    check(len(rows["id"]) == 24 and not pathlib.Path("s.h5.work").exists(), "every trial is there")
    for row in range(24):
        scale, rate = rows["axes"]["scale"][row], rows["axes"]["rate"][row]
        check((rows["state"][row] == 1) == (scale == 1e6 or rate == 1e30), f"scale {scale}, rate {rate}: {rows['reasons'].get(row)}")
        if rate == 1e30:
            check("no longer a finite number" in rows["reasons"][row], rows["reasons"][row])
        elif scale == 1e6:
            check("ended by signal 11" in rows["reasons"][row], rows["reasons"][row])


@case("retry --failed runs the failed ones again, and those alone")
def _():
    write()
    sweep_file(tiny.replace('["well"]', '["well", "marked"]'))
    pathlib.Path("marked").touch()
    ok("sweep", "s.toml")
    rows = table()
    check(sorted(rows["state"]) == [0, 0, 0, 1, 1, 1], f"three fail: {rows['reasons']}")
    pathlib.Path("marked").unlink()
    ok("sweep", "retry", "s.toml", "--failed")
    again = exact(6)
    check(((again["start"] != rows["start"]) == (rows["state"] == 1)).all(), "the others were not run again")
    sentence(run("sweep", "retry", "s.toml"), "say which trials with --failed")


@case("a trial run alone gives the same figures to the bit, and a kept archive is one of proxon run")
def _():
    write()
    sweep_file(tiny + '[trial]\nkeep = "best"\nkeep_best = 1\n')
    ok("sweep", "s.toml")
    rows = table()
    with h5py.File("s.h5") as f:
        check(len(f["kept"]) == 1, "one archive is kept")
        check(len(f["curves/row"]) == 6, "curves of two epochs a trial")
    best = ok("sweep", "best", "s.toml").out.split("\n")[1].split()
    shown = ok("sweep", "show", "s.toml", best[0], "--archive", "kept.h5").out
    ok("archive", "check", "kept.h5")
    command = re.search(r"alone +proxon (.*)", shown).group(1)
    subprocess.run(f"{proxon} {command} --output alone.h5 --quiet", shell=True, check=True, env=environment)
    row = [format(i, "016x").startswith(best[0]) for i in rows["id"]].index(True)
    for archive in ("alone.h5", "kept.h5"):
        with h5py.File(archive) as f:
            values = {(m["name"].decode(), m["scope"].decode()): m["value"] for m in f["proxon/metrics"]}
        check(values[("mse", "test")] == rows["figures"]["mse.test"][row], f"{archive} has the figure of the sweep")


@case("plugins that were rebuilt since: said, and the user chooses")
def _():
    write()
    pathlib.Path("plugins").mkdir()
    own = pathlib.Path("plugins/misbehaves.so")
    shutil.copy(pathlib.Path(plugins) / "misbehaves.so", own)
    env = {**environment, "PROXON_PLUGIN_PATH": str(own.parent.absolute())}
    sweep_file(tiny)

    def sweep(*more):
        return end(start("sweep", "s.toml", *more, env=env))
    check(sweep().status == 0, "runs")
    with own.open("ab") as f:
        f.write(b"another build")
    sentence(sweep(), "metric 'misbehaves' was rebuilt since its 3 trials were run", "--rebuilt=keep", "--rebuilt=again")
    result = sweep("--rebuilt=keep")
    check(result.status == 0 and "3 of them known from before" in result.out, f"keeps them:\n{result}")
    with own.open("ab") as f:
        f.write(b"and another")
    result = sweep("--rebuilt=again")
    check(result.status == 0 and "known from before" not in result.out, f"runs them again:\n{result}")
    rows = table()
    check(sorted(rows["state"]) == [0, 0, 0, 2, 2, 2], "the old rows are outdated")
    check("known from before" in sweep().out, "and that is settled")


# ----------------------------------------------------------------------------------------------------------------- what is refused

@case("a sweep file that is wrong is refused with its place before anything is run")
def _():
    write()

    def bad(old, new, *says):
        check(tiny.count(old) == 1, f"'{old}' stands once")
        sweep_file(tiny.replace(old, new))
        refused("sweep", "s.toml", says=says, leaves=["s.toml"])
    line = "s.toml:6:"
    bad("training.optimizer.learning_rate", "training.optimiser.learning_rate", line, "axes.rate: training.optimiser: unknown key. Did you mean 'optimizer'?")
    bad("training.optimizer.learning_rate", "training.optimizer.learning_rat", line, "unknown key. Did you mean 'learning_rate'?")
    bad("training.optimizer.learning_rate", "network.populations.EE.neuron.tau_m", line, "there is no 'EE' in [network.populations]", "Did you mean 'E'?")
    bad("[0.001, 0.002, 0.003]", "[0.001, -1]", line, "axes.rate: training.optimizer.learning_rate: is -1, and must be at least 0")
    bad("[0.001, 0.002, 0.003]", '["20 mV"]', line, "does not fit")
    bad("[0.001, 0.002, 0.003]", "[]", line, "is empty")
    bad('values = ["well"]', "low = 0, high = 1, points = 2", "s.toml:5:", "evaluation.misbehaves.how")
    bad('"experiment.toml"', '"experimnt.toml"', "experimnt.toml: cannot be opened")
    bad("workers = 2", "wrokers = 2", "s.toml:11:", "Did you mean 'workers'?")
    bad("workers = 2", "workers = 2\n[trial]\ntime_limit = \"3 mV\"", "time_limit", "does not fit")
    sweep_file("function = \"sphere\"\n")
    refused("sweep", "s.toml", says=["has no axis"], leaves=["s.toml"])
    refused("sweep", "statsu", says=["there is no such file", "Did you mean 'status'?"])
    refused("sweep", "status", "none.toml", says=["none.h5: does not exist"])


@case("a metric that no trial gives stops the sweep at its first trial")
def _():
    write()
    sweep_file(tiny.replace('metric = "mse"', 'metric = "msee"'))
    sentence(run("sweep", "s.toml"), "s.toml:8:", "there is no figure 'msee.test'", "Did you mean 'mse.test'?")


@case("constraints that leave nothing end a sweep, whatever chooses the points")
def _():
    functions(20, 0.0)
    for sampler in ("random", "cma_es"):
        sentence(run("sweep", "s.toml", "--set", f"sampler={sampler}", "--set", "trials=5", "--set", 'constraints=["x > 5"]'), f"the constraints leave nothing that sampler '{sampler}' finds")
    process = subprocess.Popen([proxon, "sweep", "s.toml", "--set", "sampler=tpe", "--set", "trials=5", "--set", 'constraints=["x > 5"]'], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    check("interrupted" in process.communicate(timeout=10 * patience)[1] and process.returncode != 0, "Ctrl-C is heard while points are looked for")


@case("a sweep whose trials all failed is an error, and the note names a trial as `show` does")
def _():
    write()
    sweep_file(tiny.replace('values = ["well"]', 'values = ["throw"]'))
    failed = run("sweep", "s.toml")
    check(failed.status == 1 and "all 3 trials failed" in failed.err, f"an error:\n{failed}")
    trial = re.search(r"trial ([0-9a-f]{8}) failed", failed.err).group(1)
    check(trial in ok("sweep", "show", "s.toml", trial).out, "show knows it")


@case("export and report")
def _():
    functions(20, 0.0)
    ok("sweep", "s.toml", "--set", "repeats=2")
    ok("sweep", "export", "s.toml", "csv")
    with open("s.csv") as f:
        rows = list(csv.DictReader(f))
    check(len(rows) == 160 and all(float(r["x"]) ** 2 + float(r["y"]) ** 2 == float(r["value"]) for r in rows), "the CSV file reads back to the bit")
    sentence(run("sweep", "export", "s.toml", "csv"), "s.csv: exists already", "--overwrite")
    sentence(run("sweep", "export", "s.toml", "csv", "--to", "s.h5", "--overwrite"), "s.h5: is what this command reads", "--to")
    sentence(run("sweep", "report", "s.toml", "--to", "s.h5"), "s.h5: is there, and is no report")
    ok("sweep", "export", "s.toml", "csv", "--overwrite")
    ok("sweep", "export", "s.h5", "hdf5")
    check(len(table("s.export.h5")["id"]) == 160, "the HDF5 file holds the table")
    sentence(run("sweep", "export", "s.h5", "cvs"), "'cvs' is not csv or hdf5", "Did you mean 'csv'?")
    ok("sweep", "report", "s.toml")
    page = pathlib.Path("s.html").read_text()
    check("Importance of the axes" in page and "History of value" in page, "the report has its parts")
    check("mean value over repeats" in ok("sweep", "best", "s.h5").out, "best tells means over repeats")
    sentence(run("sweep", "show", "s.h5", "zzz"), "there is no trial 'zzz'")


main()
