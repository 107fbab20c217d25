"""The stages one by one: together they give what run gives, and the later ones need the archive alone, wherever they are run."""
import os
import pathlib
import shutil

import h5py

from harness import case, check, equal, main, metrics, ok, rate, refused, spiking, stages, whole, write


@case("the stages one by one give what run gives")
def _():
    for name, text in (("spiking", spiking), ("rate", rate)):
        write(text, name + ".toml")
        ok("run", name + ".toml", "-o", "at_once.h5", "--overwrite")
        ok("simulate", name + ".toml", "-o", "steps.h5", "--overwrite")
        check(stages("steps.h5") == ["simulate"], "the first stage alone")
        for verb in ("fit", "evaluate", "report"):
            ok(verb, "--from", "steps.h5")
        check(stages("steps.h5") == ["simulate", "fit", "evaluate"], "then all of them")
        whole("steps.h5")
        equal("at_once.h5", "steps.h5")
        check(pathlib.Path("steps.html").stat().st_size > 10_000, "a report")


@case("an experiment file, an archive, or both name the same run")
def _():
    write()
    ok("simulate", "experiment.toml")
    shutil.copy("experiment.h5", "other.h5")
    ok("run", "experiment.toml", "--stages", "fit,evaluate")
    ok("run", "experiment.toml", "--from", "other.h5", "--stages", "fit,evaluate")
    equal("experiment.h5", "other.h5")
    ok("run", "--from", "other.h5")
    equal("experiment.h5", "other.h5")


@case("a stage that writes elsewhere leaves the archive that it goes on from as it is")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    before = pathlib.Path("run.h5").read_bytes()
    ok("run", "--from", "run.h5", "-o", "deeper.h5", "--set", "model.approximator.hidden=[4, 4]")
    check(pathlib.Path("run.h5").read_bytes() == before, "the original is untouched")
    with h5py.File("deeper.h5") as f:
        check(len(f["proxon/model/layers"]) == 3, "the copy has the deeper twin")


@case("stages can be run again, and replace what they made")
def _():
    write()
    ok("run", "experiment.toml", "-o", "run.h5")
    ok("fit", "--from", "run.h5", "--set", "training.epochs=2")
    check(stages("run.h5") == ["simulate", "fit"], "the figures of the old twin are gone")
    check(not metrics("run.h5"), "all of them")
    ok("evaluate", "--from", "run.h5")
    with h5py.File("run.h5") as f:
        check(len(f["proxon/training/epochs"]) == 2, "two epochs")
        text = bytes(f["proxon/text/experiment"][:]).decode()
    check("epochs = 2" in text, f"the archive says how the twin was fitted:\n{text}")
    ok("run", "--from", "run.h5", "--set", "training.epochs=5")
    ok("run", "experiment.toml", "-o", "fresh.h5")
    equal("run.h5", "fresh.h5")


def with_files():
    """An experiment that stands on files of its own folder: edges, names, a group, numbers of a stimulus."""
    os.mkdir("there")
    text = spiking.replace('[network.populations.I]\nsize = 20\n', '[network.populations.I]\nfile = "names.csv"\nreader = { name = "csv", node = "cell" }\n')
    text = text.replace('connectivity = { name = "fixed_indegree", indegree = 5 }', 'connectivity = { name = "from_file", file = "edges.csv", reader = { name = "csv", weight = "w" } }')
    text = text.replace('generator = { name = "poisson_generator", rate = "3 kHz" }',
                        'generator = { name = "step_current_generator", amplitude_times = { file = "steps.csv", column = "time" }, amplitude_values = { file = "steps.csv", column = "x" } }')
    text = text.replace('source = "population:E"\nwhat = "rate"', 'source = "population:some"\nwhat = "rate"')
    text += '\n[network.groups.some]\npopulation = "E"\nfirst = 10\ncount = 30\n\n[network.groups.few]\npopulation = "I"\nfile = "few.csv"\ncolumn = "cell"\n'
    text += '\n[dataset.inputs.few]\nsource = "population:few"\nwhat = "rate"\n\n[files.names]\npath = "names.csv"\n'
    write(text, "there/experiment.toml")
    write("cell\n" + "".join(f"c{i}\n" for i in range(20)), "there/names.csv")
    write("cell\nc3\nc4\n", "there/few.csv")
    write("source,target,w\n" + "".join(f"c{i},{4 * i},-1\n" for i in range(20)), "there/edges.csv")
    write("time,x\n0,300\n1000,500\n", "there/steps.csv")


@case("later stages need no file of the experiment, from whatever folder")
def _():
    with_files()
    ok("run", "there/experiment.toml", "-o", "there/run.h5")
    ok("simulate", "there/experiment.toml", "-o", "there/steps.h5")
    shutil.move("there/steps.h5", "steps.h5")
    for name in ("experiment.toml", "names.csv", "few.csv", "edges.csv", "steps.csv"):
        os.remove("there/" + name)
    os.makedirs("elsewhere/deep")
    for verb in ("fit", "evaluate", "report"):
        ok(verb, "--from", "../../steps.h5", cwd="elsewhere/deep")
    whole("steps.h5")
    equal("there/run.h5", "steps.h5")
    check(os.path.exists("steps.html") and not os.listdir("elsewhere/deep"), "the report is beside the archive")
    ok("report", "--from", "../../steps.h5", "--report", "here.html", cwd="elsewhere/deep")
    check(os.path.exists("elsewhere/deep/here.html"), "or where it is asked for")


@case("what only the simulation reads cannot be set in a later stage")
def _():
    write()
    ok("run", "experiment.toml", "-o", "run.h5")
    for key in ("network.populations.E.size=7", "simulation.duration=1 s", "stimuli.drive.weight=3"):
        refused("fit", "--from", "run.h5", "--set", key, says=["--set " + key.split("=")[0], "stage simulate"])
    refused("report", "--from", "run.h5", "--set", "report.raster_length=5 s", says=["--set", "stage report"])
    for verb in ("run", "simulate"):
        refused(verb, "--from", "run.h5", *(["--stages", "simulate,fit"] if verb == "run" else []), says=["--from run.h5", "simulate"])


@case("an experiment whose network has changed since is noted, and the archive tells what was simulated")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    write(spiking.replace("size = 80", "size = 90").replace("epochs = 5", "epochs = 3"))
    result = ok("fit", "experiment.toml", "--from", "run.h5")
    check(result.err.count("\n") == 1 and "note: [network] of experiment.toml has changed since run.h5 was simulated" in result.err, f"one note:\n{result}")
    with h5py.File("run.h5") as f:
        text = bytes(f["proxon/text/experiment"][:]).decode()
    check("size = 80" in text and "epochs = 3" in text, f"network of the one, training of the other:\n{text}")


@case("--quiet prints nothing")
def _():
    write()
    result = ok("run", "experiment.toml", "-o", "run.h5", "--quiet")
    check(result.out + result.err == "", f"should be silent:\n{result}")


main()
