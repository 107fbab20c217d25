"""A simulation that was interrupted or killed goes on with --resume, with another number of threads, and its archive holds the bits of a run
without a break."""
import os
import signal

import h5py

from harness import case, check, main, ok, patience, refused, stages, stopped_after, whole, write

# Long enough to be stopped in the middle, with checkpoints on the way.
long = ["--set", f"simulation.duration={200 / patience} s", "--set", "simulation.checkpoint_interval=1 s"]


def recorded(path):
    """Every recording, bit by bit."""
    with h5py.File(path) as f:
        names = [name.decode() for name in f["proxon/streams/names"][:]]
        rows = dict(zip(names, f["proxon/streams/rows"][:]))
        recordings = ("/spikes/", "/report/", "/stimulus/", "/acquisition/", "/proxon/weights/", "/units/")
        found = {name: f[name][: rows[name]].tobytes() for name in names if name.startswith(recordings)}
        return found | {column: f["analysis/E_I"][column][:].tobytes() for column in ("lag", "count", "chance")}


def broken_off(number, threads, enough=any):
    """Stops a run after its first checkpoint, or after its second."""
    if os.path.exists("broken.h5"):
        os.remove("broken.h5")
    stopped_after(number, "broken.h5", "/proxon/checkpoint", "simulate", "experiment.toml", "-o", "broken.h5", "-t", threads, *long, enough=enough)


for word, number in (("Ctrl-C", signal.SIGINT), ("SIGKILL", signal.SIGKILL)):
    @case(f"{word}, then --resume: the bits of a run without a break")
    def _(number=number):
        write()
        ok("simulate", "experiment.toml", "-o", "whole.h5", *long)
        for threads, enough in ((2, any), (1, all)):
            broken_off(number, threads, enough)
            result = ok("simulate", "experiment.toml", "-o", "broken.h5", "--resume", "-t", 3, *long)
            check("going on from t = " in result.err, f"says from where:\n{result}")
            check(stages("broken.h5") == ["simulate"], "the stage is done")
            whole("broken.h5")
            a, b = recorded("whole.h5"), recorded("broken.h5")
            check(a.keys() == b.keys(), "the same recordings")
            for name in a:
                check(a[name] == b[name], f"{name} differs")


@case("--resume of what cannot be resumed is refused in a sentence")
def _():
    write()
    refused("run", "experiment.toml", "-o", "none.h5", "--resume", says=["none.h5: does not exist, so there is nothing to resume"])
    ok("simulate", "experiment.toml", "-o", "short.h5")
    refused("run", "experiment.toml", "-o", "short.h5", "--resume", "--overwrite", says=["leave out one of the two"])
    result = ok("simulate", "experiment.toml", "-o", "short.h5", "--resume")
    check("is complete" in result.err, f"says that it is done:\n{result}")
    broken_off(signal.SIGINT, 2)
    refused("simulate", "experiment.toml", "-o", "broken.h5", "--resume", *long, "--set", "simulation.dt=0.05", says=["[simulation] of experiment.toml is not what"])
    refused("simulate", "experiment.toml", "-o", "broken.h5", "--resume", *long, "--seed", 99, says=["The seed of experiment.toml is not what"])


main()
