"""A training that was interrupted or killed goes on with --resume, with another number of threads, and its archive holds the bits of a training
without a break."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

from harness import case, check, clean, environment, equal, main, ok, patience, proxon, rate, refused, run, stages, started, stopped_after, whole, write


# With checkpoints on the way, the first of them soon.
long = ["--set", "training.epochs=6000", "--set", "training.batch=4", "--set", "training.patience=5900", "--set", "training.checkpoint_interval=20 ms"]


def broken_off(number, threads, *arguments, settings=long):
    """Stops the training of broken.h5, a copy of simulated.h5, after its first checkpoint."""
    shutil.copy("simulated.h5", "broken.h5")
    stopped_after(number, "broken.h5", "/proxon/training/checkpoint", *arguments, "-t", threads, *settings)


for word, number in (("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM), ("SIGUSR1", signal.SIGUSR1), ("SIGKILL", signal.SIGKILL)):
    @case(f"{word} in a training, then --resume: the bits of one without a break")
    def _(number=number):
        write()
        ok("simulate", "experiment.toml", "-o", "simulated.h5")
        ok("run", "experiment.toml", "-o", "whole.h5", *long)
        for threads in (2, 1) if number in (signal.SIGINT, signal.SIGKILL) else (2,):
            broken_off(number, threads, "fit", "experiment.toml", "--from", "broken.h5")
            if number != signal.SIGKILL:
                whole("broken.h5")
            # A second break, of the training that goes on.
            process = subprocess.Popen([proxon, "fit", "experiment.toml", "--from", "broken.h5", "--resume", *long], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
            time.sleep(0.1)
            process.send_signal(number)
            if process.wait(60 * patience) != 0:
                result = run("fit", "experiment.toml", "--from", "broken.h5", "--resume", "-t", 3, *long)
                goes_on = result.status == 0 and "the training goes on after " in result.err
                check(goes_on or "its training is complete" in result.err, f"goes on, and says from where:\n{result}")
                clean(result)
            ok("evaluate", "--from", "broken.h5")
            check(stages("broken.h5") == ["simulate", "fit", "evaluate"], "all is done")
            whole("broken.h5")
            equal("whole.h5", "broken.h5")


@case("a local rule goes on as well, from the archive alone")
def _():
    settings = ["--set", "training.epochs=100", "--set", "training.batch=4", "--set", "training.checkpoint_interval=20 ms"]
    write(rate)
    ok("simulate", "experiment.toml", "-o", "simulated.h5")
    shutil.copy("simulated.h5", "whole.h5")
    ok("fit", "experiment.toml", "--from", "whole.h5", *settings)
    broken_off(signal.SIGINT, 1, "fit", "experiment.toml", "--from", "broken.h5", settings=settings)
    ok("fit", "--from", "broken.h5", "--resume")
    equal("whole.h5", "broken.h5")


@case("run --resume goes on wherever the run was, and does nothing twice")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "simulated.h5")
    ok("run", "experiment.toml", "-o", "whole.h5", *long)
    broken_off(signal.SIGINT, 2, "run", "experiment.toml", "--from", "broken.h5")
    result = ok("run", "experiment.toml", "-o", "broken.h5", "--resume", *long)
    check("the simulation of broken.h5 is complete" in result.err and "the training goes on after " in result.err, f"says what is there:\n{result}")
    equal("whole.h5", "broken.h5")
    result = ok("run", "experiment.toml", "-o", "broken.h5", "--resume", *long)
    check("the training of broken.h5 is complete" in result.err and "\nfit " not in result.out, f"the fit is left as it is:\n{result}")
    equal("whole.h5", "broken.h5")
    result = ok("run", "experiment.toml", "-o", "broken.h5", "--resume", *long, "--set", "training.epochs=2")
    check("\nfit " in "\n" + result.out, f"another training is another one:\n{result}")


@case("a training that cannot be resumed is refused in a sentence")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "simulated.h5")
    refused("fit", "experiment.toml", "-o", "none.h5", "--resume", says=["none.h5: does not exist, so there is nothing to resume"])
    refused("fit", "experiment.toml", "--from", "simulated.h5", "--resume", says=["simulated.h5: holds no training to go on with"])
    refused("evaluate", "--from", "simulated.h5", "--resume", says=["--resume"])
    refused("run", "--from", "simulated.h5", "--stages", "evaluate,report", "--resume", says=["goes on with a simulation or a training"])
    broken_off(signal.SIGINT, 1, "fit", "experiment.toml", "--from", "broken.h5")
    again = ["fit", "experiment.toml", "--from", "broken.h5", "--resume", *long]
    refused(*again, "--overwrite", says=["leave out one of the two"])
    refused(*again, "--set", "training.optimizer.learning_rate=0.01",
            says=["the training of broken.h5 was begun with training.optimizer.learning_rate = 0.003, and not 0.01; put it back, or fit anew without --resume"])
    refused(*again, "--set", "dataset.lag=1 ms", says=["was begun with dataset.lag = "])
    refused(*again, "--set", "model.approximator.hidden=[9]", says=["model.approximator.hidden = [8], and not [9]"])
    refused(*again, "--seed", 99, says=["was begun with seed = 3, and not 99"])
    refused("run", "experiment.toml", "-o", "broken.h5", "--resume", *long, "--set", "training.L2=0.5", says=["was begun with training.L2 = 0, and not 0.5"])
    # What changes no number may change; and so may what is evaluated.
    ok(*again, "--set", "training.checkpoint_interval=5 s", "--set", "title=other", "--set", "report.raster_length=500", "--set", 'evaluation.metrics=["mse"]')
    refused(*again, says=["its training is complete, so there is nothing to resume"])


@case("a training is not gone on with by another file of a plugin")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "simulated.h5")
    broken_off(signal.SIGINT, 1, "fit", "experiment.toml", "--from", "broken.h5")
    # The same optimizer, built anew: a few bytes more at the end of its file.
    shutil.copy(pathlib.Path(proxon).parents[1] / "lib/proxon/plugins/adam.so", "adam.so")
    with open("adam.so", "ab") as f:
        f.write(b"\n")
    refused("fit", "experiment.toml", "--from", "broken.h5", "--resume", *long, says=["the training of broken.h5 was begun with another file of optimizer 'adam'"])
    os.remove("adam.so")
    ok("fit", "experiment.toml", "--from", "broken.h5", "--resume", *long)


@case("a fit that begins anew, and a simulation that goes on, forget the training that was interrupted")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "simulated.h5")
    broken_off(signal.SIGINT, 1, "fit", "experiment.toml", "--from", "broken.h5")
    ok("fit", "experiment.toml", "--from", "broken.h5", "--set", "training.epochs=1")
    check(not started("broken.h5"), "no checkpoint is left")

    longer = ["--set", f"simulation.duration={200 / patience} s", "--set", "simulation.checkpoint_interval=1 s"]
    stopped_after(signal.SIGINT, "simulated.h5", "/proxon/checkpoint", "simulate", "experiment.toml", "-o", "simulated.h5", "--overwrite", *longer)
    broken_off(signal.SIGINT, 1, "fit", "experiment.toml", "--from", "broken.h5", settings=[*long, "--set", "training.epochs=100000", "--set", "training.patience=0"])
    check(started("broken.h5"), "a training of what there is")
    ok("simulate", "experiment.toml", "-o", "broken.h5", "--resume", *longer)
    check(not started("broken.h5"), "what it stood on has changed")


main()
