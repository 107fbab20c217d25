"""A run on several ranks leaves the archive of the run on one, bit for bit, and what goes wrong on one rank is said once and ends all.

mpi_test.py PROXON_MPI PLUGINS WORK_FOLDER [CASE...]; MPIEXEC in the environment starts the ranks.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "cli"))
from harness import Result, case, changed, check, clean, environment, equal, main, ok, proxon, run, sentence, spiking, stages, whole, write  # noqa: E402

datasets = here.parent.parent / "datasets"
# Containers and machines with few processors; no noise of mpirun's own beside the sentence that is checked.
environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
                "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}


def start(ranks, *arguments):
    command = [os.environ["MPIEXEC"], "-q", "-n", str(ranks), proxon, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended(process):
    out, err = process.communicate(timeout=200)
    return Result(process.args, process.returncode, out, err)


def on(ranks, *arguments):
    result = ended(start(ranks, *arguments))
    check(result.status == 0, f"should succeed:\n{result}")
    clean(result)
    return result


def same_bits(verb, *options, combinations=((2, 1), (3, 1), (2, 2), (3, 2))):
    """One rank, then several ranks with several threads each."""
    ok(verb, *options, "-o", "1.h5", "-t", 1)
    whole("1.h5")
    for ranks, threads in combinations:
        result = on(ranks, verb, *options, "-o", "several.h5", "--overwrite", "-t", threads)
        check(result.out.count("of biology") == 1, f"one rank should speak:\n{result}")
        count = equal("1.h5", "several.h5")
        check(count > 40, f"only {count} data sets were compared")
        whole("several.h5")


@case("brunel: spikes, by one weight and one delay")
def _():
    same_bits("simulate", datasets / "brunel/brunel.toml", "--set", "network.populations.E.size=2000", "--set", "network.populations.I.size=500",
              "--set", "constants.C_E=160", "--set", "constants.eta=3", "--set", "simulation.duration=150 ms")


@case("spikes: every kind of projection, delay, rule and recorder")
def _():
    shutil.copy(here / "spiking.toml", ".")
    same_bits("simulate", "spiking.toml")


@case("activities: delays, couplings, whole rows")
def _():
    shutil.copy(here / "rate.toml", ".")
    same_bits("simulate", "rate.toml")


@case("quickstart: the whole road, of which the first rank goes the rest alone")
def _():
    same_bits("run", datasets / "quickstart/quickstart.toml", "--set", "simulation.duration=5 s", "--set", "training.epochs=2", combinations=((2, 1),))


@case("a network of fewer neurons than ranks need")
def _():
    write(spiking.replace("size = 80", "size = 9").replace("size = 20", "size = 6"))
    same_bits("simulate", "experiment.toml", "--set", "simulation.duration=200 ms", combinations=((3, 1),))


def stopped_in_the_middle(whom, *arguments):
    """Two ranks; the second gets Ctrl-C, or mpirun the signal that it passes on, some time after the archive is there; sooner, where a fast machine had already ended."""
    for seconds in (0.3, 0.1, 0.03, 0.01, 0):
        if os.path.exists("broken.h5"):
            os.remove("broken.h5")
        process = start(2, *arguments)
        until = time.monotonic() + 60
        while not os.path.exists("broken.h5") and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(seconds)
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        if whom == "mpirun":
            process.send_signal(signal.SIGUSR1)
        elif len(children) == 2:
            os.kill(int(children[1]), signal.SIGINT)
        result = ended(process)
        if result.status != 0:
            return result
    check(False, "every run had ended before it could be stopped")


@case("stopped on one rank or by mpirun, then --resume on any number")
def _():
    shutil.copy(here / "spiking.toml", ".")
    long = ["--set", "simulation.duration=2 s"]
    ok("simulate", "spiking.toml", "-o", "whole.h5", *long)
    for whom, threads, ranks in (("rank", 1, 3), ("rank", 2, 1), ("mpirun", 1, 2)):
        result = stopped_in_the_middle(whom, "simulate", "spiking.toml", "-o", "broken.h5", "-t", threads, *long)
        check(result.status == 130 and result.err.count("proxon: interrupted in stage simulate") == 1, f"should say once that it was interrupted:\n{result}")
        whole("broken.h5")
        result = ended(start(ranks, "simulate", "spiking.toml", "-o", "broken.h5", "--resume", *long))
        check(result.status == 0 and result.err.count("going on from t = ") == 1, f"goes on, and says from where once:\n{result}")
        check(equal("whole.h5", "broken.h5") > 40, "too few data sets were compared")
    result = on(2, "simulate", "spiking.toml", "-o", "broken.h5", "--resume", *long)
    check(result.err.count("is complete") == 1, f"says that it is done:\n{result}")


@case("what goes wrong on one rank ends all with one sentence")
def _():
    where = changed('"stdp_pair"', '"stdp_pear"')
    for ranks in (2, 3):
        result = ended(start(ranks, "run", "experiment.toml"))
        check(result.status == 1, f"should end with 1:\n{result}")
        sentence(result, where, "Did you mean 'stdp_pair'?")

    # A weight that makes neurons explode, wherever they are.
    shutil.copy(here / "rate.toml", ".")
    explode = ["simulate", "rate.toml", "-o", "broken.h5", "-t", "1", "--set", "network.projections.Y_X.weight=1e30", "--set", "network.populations.X.neuron.name=lin_rate"]
    one = run(*explode)
    os.remove("broken.h5")
    result = ended(start(3, *explode))
    check(one.status == result.status == 1 and " became " in one.err and one.err == result.err, f"the same sentence as on one rank:\n{one}\n{result}")
    whole("broken.h5")

    write(spiking)
    result = ended(start(2, "simulate", "experiment.toml", "-o", "none/run.h5"))
    check(result.status == 1, f"should end with 1:\n{result}")
    sentence(result, "none/run.h5")


@case("what runs in one process is refused on several")
def _():
    write(spiking)
    for arguments in (["sweep", "experiment.toml"], ["describe", "experiment.toml"], ["fit", "--from", "run.h5"]):
        result = ended(start(2, *arguments))
        check(result.status == 1, f"should end with 1:\n{result}")
        sentence(result, "start it without mpirun")
    result = ended(start(2, "run", "experiment.toml", "--stages", "fit"))
    sentence(result, "start them without mpirun")


main()
