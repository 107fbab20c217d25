"""Bad input: each item ends with status 1 and one sentence that says what, where and what to do, and leaves the folder as it was."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

import h5py

from harness import Skipped, case, changed, check, clean, main, metrics, ok, plugins, proxon, rate, refused, run, sentence, spiking, stages, whole, write


# ------------------------------------------------------------------------------------------------------ the experiment file

@case("a misspelt key")
def _():
    where = changed("tau_m = \"20 ms\", E_L = 0, V_th = 20, V_reset = 10, t_ref = 2 }\n\n[network.populations.I]",
                    "tau_mm = \"20 ms\", E_L = 0, V_th = 20, V_reset = 10, t_ref = 2 }\n\n[network.populations.I]")
    refused("run", "experiment.toml", says=[where, "network.populations.E.neuron.tau_mm", "Did you mean 'tau_m'?"])


@case("a misspelt table")
def _():
    refused("run", "experiment.toml", says=[changed("[training]", "[trainig]"), "trainig", "Did you mean 'training'?"])


@case("a misspelt key of --set")
def _():
    write()
    refused("run", "experiment.toml", "--set", "training.epoch=3", says=["--set training.epoch", "Did you mean 'epochs'?"])


@case("a misspelt plugin")
def _():
    refused("run", "experiment.toml", says=[changed('"stdp_pair"', '"stdp_pear"'), "learning_rule", "stdp_pear", "Did you mean 'stdp_pair'?"])


@case("a misspelt metric")
def _():
    refused("run", "experiment.toml", says=[changed('"cv_isi"', '"cv_iso"'), "evaluation.metrics", "Did you mean 'cv_isi'?"])


@case("null models: a misspelt one, filters without one that has any, trials that are none")
def _():
    write()
    refused("run", "experiment.toml", "--set", 'evaluation.baselines=["mean", "psht"]', says=["evaluation.baselines", "'psht' is not one of mean, psth, linear_nonlinear"])
    for more in ((), ("--set", 'evaluation.baselines=["linear_nonlinear"]')):
        refused("run", "experiment.toml", "--set", "evaluation.filter=[10]", *more, says=["evaluation.filter", "sequences alone"])
    said = ok("run", "experiment.toml", "-o", "run.h5", "--set", 'evaluation.baselines=["psth", "linear_nonlinear", "mean"]').out
    check(re.search(r"r2 +test .* undefined \(PSTH\), [-0-9.e]+ \(linear-nonlinear\), [-0-9.e]+ \(mean of the training span\)", said), f"all three, in their order:\n{said}")
    with h5py.File("run.h5") as f:
        reasons = {row["reason"] for row in f["proxon/metric_baselines"] if not row["defined"]}
        check(reasons == {b"there are no trials"}, f"why one is undefined: {reasons}")


@case("neurons of a channel that are chosen by first, count and order")
def _():
    target = "dataset.targets.activity."
    write(rate)
    refused("run", "experiment.toml", "--set", target + "first=40", says=[target + "first", "'X' has 40 neurons"])
    refused("run", "experiment.toml", "--set", target + "first=30", "--set", target + "count=11", says=[target + "count", "11 from 30 on are more than 'X' has: 40"])
    refused("run", "experiment.toml", "--set", target + "count=3", "--set", target + "neurons=[1, 2]", says=[target + "neurons", "says which neurons already"])
    write(spiking, "spiking.toml")
    refused("run", "spiking.toml", "--set", "dataset.inputs.drive.count=2", says=["dataset.inputs.drive", "only the neurons of a population"])

    # Five that are drawn, and those that follow them in the same order: all, each once.
    write(rate + '\n[dataset.targets.rest]\nsource = "population:X"\nwhat = "activity"\nfirst = 5\norder = "drawn"\n')
    ok("run", "experiment.toml", "-o", "run.h5", "--set", target + "count=5", "--set", target + 'order="drawn"', "--set", 'training.rule="backprop"')
    with h5py.File("run.h5") as f:
        names = [name.decode() for name in f["proxon/predictions/channels"]]
    numbers = [int(re.match(r"X\[(\d+)\] activity$", name).group(1)) for name in names]
    check(sorted(numbers) == list(range(40)) and numbers != sorted(numbers), f"all neurons, each once, in an order that is drawn: {numbers}")


@case("a shuffled graph for an approximator that has none")
def _():
    write()
    refused("run", "experiment.toml", "--set", 'model.graph="shuffled"', says=["model.graph", "approximator 'dense' knows nothing of the network's graph"])


@case("a misspelt population")
def _():
    refused("run", "experiment.toml", says=[changed('source = "I"', 'source = "Inh"'), "network.projections.I_E", "Inh"])


@case("a wrong unit")
def _():
    refused("run", "experiment.toml", says=[changed('duration = "2 s"', 'duration = "2 mV"'), "simulation.duration", "mV", "ms"])


@case("a unit of the same kind is converted")
def _():
    write()
    said = ok("describe", "experiment.toml", "--set", "network.populations.E.neuron.tau_m=\"0.03 s\"").out
    check(re.search(r"tau_m\s+30 ms", said), "tau_m = 0.03 s should be 30 ms")


@case("a wrong type")
def _():
    refused("run", "experiment.toml", says=[changed("epochs = 5", 'epochs = "many"'), "training.epochs", "number"])


@case("a text where a table belongs")
def _():
    write()
    refused("run", "experiment.toml", "--set", "simulation=5", says=["table"])


@case("out of bounds")
def _():
    refused("run", "experiment.toml", says=[changed("size = 80", "size = -80"), "network.populations.E.size", "-80", "0"])


@case("a probability above 1")
def _():
    refused("run", "experiment.toml", says=[changed("p = 0.1", "p = 1.5"), "network.projections.E_E.connectivity.p", "1.5", "1"])


@case("a bad value within the bounds of no one key")
def _():
    refused("run", "experiment.toml", says=[changed("V_reset = 10, t_ref = 2 }\n\n[network.projections.E_E]", "V_reset = 30, t_ref = 2 }\n\n[network.projections.E_E]"),
                                            "network.populations.I", "V_reset"])


@case("an experiment that is not TOML")
def _():
    refused("run", "experiment.toml", says=[changed("[training]", "[training"), "TOML"])


@case("a missing experiment")
def _():
    refused("run", "nowhere.toml", says=["nowhere.toml", "cannot be opened"])


@case("a folder for an experiment")
def _():
    os.mkdir("folder.toml")
    refused("run", "folder.toml", says=["folder.toml"])


@case("a duration that is no multiple of the step")
def _():
    refused("run", "experiment.toml", says=[changed('duration = "2 s"', "duration = 2000.05"), "simulation.duration", "multiple of dt"])


# ---------------------------------------------------------------------------------------------------------------- CSV files

def edges(text, options=""):
    """An experiment whose projection I_E comes from edges.csv, which holds `text`; None: no such file."""
    where = changed('connectivity = { name = "fixed_indegree", indegree = 5 }',
                    'connectivity = { name = "from_file", file = "edges.csv", reader = { name = "csv", weight = "w" } ' + options + "}")
    if text is not None:
        write(text, "edges.csv")
    return where


@case("a good CSV of edges")
def _():
    edges("source,target,w\n0,0,-1\n19,79,-1\n")
    ok("run", "experiment.toml", "--output", "run.h5")
    with h5py.File("run.h5") as f:
        check(f["edges/I_E/0/syn_weight"].shape == (2,), "two synapses")


@case("a missing CSV")
def _():
    edges(None)
    refused("run", "experiment.toml", says=["network.projections.I_E", "edges.csv"])


@case("an empty CSV")
def _():
    edges("")
    refused("run", "experiment.toml", says=["edges.csv", "empty"])


@case("a CSV of a header alone")
def _():
    edges("source,target,w\n")
    refused("run", "experiment.toml", says=["edges.csv"])


@case("a CSV without the column")
def _():
    edges("source,target,weight\n0,0,-1\n")
    refused("run", "experiment.toml", says=["edges.csv", "'w'"])


@case("a CSV with a short row")
def _():
    edges("source,target,w\n0,0,-1\n1,1\n")
    refused("run", "experiment.toml", says=["edges.csv:3"])


@case("a CSV with a word for a number")
def _():
    edges("source,target,w\n0,0,-1\n1,1,-1\n2,2,strong\n")
    refused("run", "experiment.toml", says=["edges.csv:4", "strong"])


@case("a weight NaN in a CSV")
def _():
    edges("source,target,w\n0,0,-1\n1,1,nan\n")
    refused("run", "experiment.toml", says=["edges.csv:3", "finite"])


@case("a weight NaN in the experiment")
def _():
    refused("run", "experiment.toml", says=[changed("mean = -0.8", "mean = nan"), "network.projections.I_E.weight", "finite"])


@case("a neuron out of range in a CSV")
def _():
    edges("source,target,w\n0,0,-1\n1,80,-1\n")
    refused("run", "experiment.toml", says=["edges.csv:3", "80", "0 to 79"])


@case("a neuron out of range in a group")
def _():
    where = changed("[stimuli.drive]\n", '[network.groups.G]\npopulation = "E"\nneurons = [3, 80]\n\n[stimuli.drive]\n')
    refused("run", "experiment.toml", says=["experiment.toml:" + str(int(where.split(":")[1]) + 2), "network.groups.G.neurons", "80", "0 to 79"])


@case("a neuron out of range in a channel")
def _():
    changed('what = "rate"', 'what = "spikes"\nneurons = [80]')
    refused("run", "experiment.toml", "-o", "run.h5", says=["80", "E"])


@case("a column of numbers with a word in it")
def _():
    write("time,x\n0,1\n10,two\n", "steps.csv")
    where = changed('generator = { name = "poisson_generator", rate = "3 kHz" }',
                    'generator = { name = "step_current_generator", amplitude_times = { file = "steps.csv", column = "time" }, amplitude_values = { file = "steps.csv", column = "x" } }')
    refused("run", "experiment.toml", says=[where, "steps.csv:3", "two"])


@case("a declared file that is missing")
def _():
    write(spiking + '\n[files.table]\npath = "table.csv"\norigin = "its author"\nlicence = "CC0"\n')
    refused("run", "experiment.toml", says=["files.table.path", "table.csv", "Get it from its author", "CC0"])


# ------------------------------------------------------------------------------------------------- networks with little in them

lonely = '[network.populations.L]\nsize = 3\nneuron = "iaf_psc_delta"\n\n[stimuli.drive]\n'


@case("a disconnected population is noted, and simulated")
def _():
    changed("[stimuli.drive]\n", lonely)
    result = ok("run", "experiment.toml", "-o", "run.h5")
    check(result.err.count("\n") == 1 and "proxon: note: population 'L' is disconnected" in result.err, f"one note:\n{result}")
    whole("run.h5")
    row = metrics("run.h5")["mean_rate", "L"]
    check(row["defined"] and row["value"] == 0, "its rate is 0")
    row = metrics("run.h5")["cv_isi", "L"]
    check(not row["defined"] and b"spike" in row["reason"], f"its CV is undefined, for a reason: {row}")


@case("no spike at all: figures are undefined for a stated reason")
def _():
    write()
    result = ok("run", "experiment.toml", "-o", "run.h5", "--set", "stimuli.drive.weight=0", "--set", "stimuli.background.weight=0",
                "--set", 'evaluation.baselines=["mean", "linear_nonlinear"]')
    check("0 spikes" in result.out and "undefined: " in result.out, f"says that nothing spiked:\n{result}")
    whole("run.h5")
    rows = metrics("run.h5")
    check(rows["mean_rate", "E"]["value"] == 0, "the rate is 0")
    for name, scope in (("cv_isi", "E"), ("r2", "test")):
        check(not rows[name, scope]["defined"] and rows[name, scope]["reason"], f"{name} is undefined, for a reason")
    check(rows["mse", "test"]["defined"], "the mse is defined")


@case("a target of one class: AUC and recall are undefined for a stated reason")
def _():
    changed('what = "rate"', 'what = "spikes"\nneurons = [0, 1]')
    result = ok("run", "experiment.toml", "-o", "run.h5", "--set", "stimuli.drive.weight=0", "--set", "training.loss=bce", "--set", "model.approximator.output_activation=sigmoid",
                "--set", 'evaluation.metrics=["roc_auc", "classification_report"]')
    check("undefined: " in result.out, f"says what is undefined:\n{result}")
    whole("run.h5")
    rows = [(name, row) for (name, scope), row in metrics("run.h5").items()]
    check(any("auc" in name and not row["defined"] and b"class" in row["reason"] for name, row in rows), f"the AUC is undefined, for a reason:\n{result}")


@case("rates and correlations that cannot be recorded")
def _():
    rate_source = '[record.rates.rate_E]\nsource = "E"'
    changed(rate_source, rate_source.replace('"E"', '"e"'))
    refused("run", "experiment.toml", says=["experiment.toml:46:", "record.rates.rate_E.source", "Did you mean 'E'?"])
    write()
    for setting, says in (("rates.rate_E.interval=0.25", "0.25 ms is not a multiple of dt = 0.1 ms"), ("rates.rate_E.interval=0", "must be above 0"),
                          ("correlations.E_I.delta_tau=0.4", "0.4 ms is 4 times dt, and must be an odd multiple"),
                          ("correlations.E_I.tau_max=19.8", "19.8 ms is not a multiple of delta_tau = 0.5 ms"),
                          ("correlations.E_I.start=2000", "2000 ms leaves nothing of the 2000 ms that are simulated")):
        refused("run", "experiment.toml", "--set", "record." + setting, says=["record." + setting.split("=")[0], says])
    text = rate.replace("[record.traces.activity]", '[record.rates.X]\nsource = "X"\n\n[record.traces.activity]')
    write(text)
    refused("run", "experiment.toml", says=["record.rates.X.source", "the neurons of 'X' do not spike"])


@case("a window longer than the recording")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    refused("fit", "--from", "run.h5", "--set", "dataset.history=3 s", says=["3000", "2000 ms", "history"])
    check(stages("run.h5") == ["simulate"], "the archive stays as it was")


@case("a window longer than the recording is refused before the simulation")
def _():
    write()
    refused("run", "experiment.toml", "-o", "run.h5", "--set", "dataset.history=3 s", says=["3000", "2000 ms", "history"])


@case("no validation samples is said in words")
def _():
    write()
    result = ok("run", "experiment.toml", "-o", "run.h5", "--set", "dataset.train=0.8", "--set", "dataset.validation=0", "--set", "dataset.test=0.2")
    check("no validation" in result.out, f"should say so:\n{result}")


@case("a training that diverges")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    refused("fit", "--from", "run.h5", "--set", "training.optimizer.name=sgd", "--set", "training.optimizer.learning_rate=1e30", says=["learning rate"], leaves=["run.h5"])
    whole("run.h5")


# ------------------------------------------------------------------------------------------------------------ disk and rights

@contextlib.contextmanager
def small_disk(kilobytes):
    """A folder `small` that holds no more than that; skips the case where nobody may make one."""
    os.mkdir("small")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", "small"], capture_output=True).returncode != 0:
        raise Skipped("only root can mount a small file system; the cases with a limit on the size of files stand in for it")
    try:
        yield
    finally:
        subprocess.run(["umount", "small"])


@case("a full disk")
def _():
    write()
    with small_disk(600):
        result = run("run", "experiment.toml", "-o", "small/run.h5", "--set", "simulation.duration=20 s")
        check(result.status == 1, f"should end with 1:\n{result}")
        sentence(result, "small/run.h5", "space")
        check(set(os.listdir("small")) <= {"run.h5"}, f"left behind: {os.listdir('small')}")
        for archive in pathlib.Path("small").iterdir():
            whole(archive)


@case("a full disk while spikes are recorded, and while the twin is fitted")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    kilobytes = os.path.getsize("run.h5") // 1000
    with small_disk(kilobytes + 200):
        result = run("run", "experiment.toml", "-o", "small/run.h5", "--set", "simulation.duration=100 s", "--set", "record.flush_interval=0")
        check(result.status == 1, f"should end with 1:\n{result}")
        sentence(result, "small/run.h5", "space", "is whole")
        check(os.listdir("small") == ["run.h5"], f"left behind: {os.listdir('small')}")
        whole("small/run.h5")
        check(stages("small/run.h5") == [], "no stage is done")

        shutil.copy("run.h5", "small/run.h5")
        result = run("run", "--from", "small/run.h5", "--set", "training.epochs=100000")
        check(result.status == 1, f"should end with 1:\n{result}")
        sentence(result, "small/run.h5", "space")
        whole("small/run.h5")
        check(stages("small/run.h5") == ["simulate"], "the recordings are there, the twin is not")


@case("a file that may not grow")
def _():
    write()
    result = run("run", "experiment.toml", "-o", "run.h5", "--set", "simulation.duration=20 s", limit_file=600_000)
    check(result.status == 1, f"should end with 1:\n{result}")
    sentence(result, "run.h5", "File too large")


@case("a file that may not grow while the twin is fitted")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    result = run("run", "--from", "run.h5", "--set", "training.epochs=20000", limit_file=os.path.getsize("run.h5") + 20_000)
    check(result.status == 1, f"should end with 1:\n{result}")
    sentence(result, "run.h5", "File too large")
    # Under the limit it cannot even be mended; the next use of it does.
    ok("run", "--from", "run.h5")
    whole("run.h5")


@case("a full disk leaves the archive that --overwrite would have replaced")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    result = refused("simulate", "experiment.toml", "-o", "run.h5", "--overwrite", "--set", "simulation.duration=20 s", limit_file=600_000, says=["run.h5"])


@case("a disk too full even for the network")
def _():
    write()
    refused("run", "experiment.toml", "-o", "run.h5", limit_file=20_000, says=["run.h5"])


@case("a report that cannot be written")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    refused("report", "--from", "run.h5", limit_file=10_000, says=["run.html"])


@case("no permission to write the archive")
def _():
    write()
    refused("run", "experiment.toml", "-o", "/proc/run.h5", says=["/proc/run.h5"])
    refused("run", "experiment.toml", "-o", "experiment.toml/run.h5", says=["experiment.toml/run.h5"])
    refused("run", "experiment.toml", "-o", "nowhere/run.h5", says=["nowhere/run.h5"])


@case("no permission to write the report")
def _():
    write()
    ok("simulate", "experiment.toml", "-o", "run.h5")
    refused("report", "--from", "run.h5", "--report", "experiment.toml/run.html", says=["experiment.toml/run.html"])


# ----------------------------------------------------------------------------------------------------------------- archives

def archive():
    write()
    ok("run", "experiment.toml", "-o", "run.h5")


def of_each_stage(says):
    for verb in ("fit", "evaluate", "report"):
        refused(verb, "--from", "run.h5", says=["run.h5", *says])
    refused("archive", "info", "run.h5", says=["run.h5", *says])


@case("an archive of another version")
def _():
    archive()
    with h5py.File("run.h5", "r+") as f:
        f["proxon"].attrs.modify("layout", 99)
    of_each_stage(["layout 99", "this program reads layout"])


@case("a truncated archive")
def _():
    archive()
    bytes_ = pathlib.Path("run.h5").read_bytes()
    for share in (0.01, 0.5, 0.99):
        pathlib.Path("run.h5").write_bytes(bytes_[:int(len(bytes_) * share)])
        of_each_stage(["truncated"])


@case("an empty archive")
def _():
    write("", "run.h5")
    of_each_stage([])


@case("an HDF5 file that is no archive")
def _():
    with h5py.File("run.h5", "w") as f:
        f["x"] = [1, 2]
    of_each_stage(["not an archive"])


@case("a text for an archive")
def _():
    write("source,target\n", "run.h5")
    of_each_stage(["not an HDF5 file"])


@case("a missing archive")
def _():
    of_each_stage([])


@case("an archive that is there is not replaced without --overwrite")
def _():
    archive()
    for verb in ("run", "simulate"):
        refused(verb, "experiment.toml", "-o", "run.h5", says=["run.h5", "exists already", "--overwrite", "--output"])
    before = pathlib.Path("run.h5").read_bytes()
    ok("run", "experiment.toml", "-o", "run.h5", "--overwrite", "--seed", "9")
    check(pathlib.Path("run.h5").read_bytes() != before, "with --overwrite it is")
    whole("run.h5")


@case("an archive is not copied over another without --overwrite")
def _():
    archive()
    shutil.copy("run.h5", "other.h5")
    refused("fit", "--from", "run.h5", "-o", "other.h5", says=["other.h5", "exists already", "--overwrite"])


# ------------------------------------------------------------------------------------------------------------------- plugins

@case("a plugin that throws when it is made")
def _():
    where = changed('size = 20\nneuron = { name = "iaf_psc_delta", tau_m = "20 ms", E_L = 0, V_th = 20, V_reset = 10, t_ref = 2 }', 'size = 20\nneuron = "throws_when_made"')
    refused("run", "experiment.toml", says=["neuron", "throws_when_made", "tau_m must not be equal to tau_syn"])


@case("a plugin that throws when it is stepped")
def _():
    changed('size = 20\nneuron = { name = "iaf_psc_delta", tau_m = "20 ms", E_L = 0, V_th = 20, V_reset = 10, t_ref = 2 }', 'size = 20\nneuron = "throws_when_stepped"')
    changed_text = pathlib.Path("experiment.toml").read_text().replace('source = "I"\ntarget = "E"', 'source = "E"\ntarget = "E"').replace('target = "I"\n', 'target = "E"\n')
    write(changed_text)
    for threads in (1, 3):
        refused("run", "experiment.toml", "-o", "run.h5", "--threads", threads, says=["neuron", "throws_when_stepped", "the potential has left its range"], leaves=["run.h5"])
        if os.path.exists("run.h5"):
            whole("run.h5")
            os.remove("run.h5")


@case("a plugin that throws leaves the archive that --overwrite would have replaced")
def _():
    archive()
    text = spiking.replace('size = 20\nneuron = { name = "iaf_psc_delta", tau_m = "20 ms", E_L = 0, V_th = 20, V_reset = 10, t_ref = 2 }', 'size = 20\nneuron = "throws_when_stepped"')
    write(text.replace('source = "I"\ntarget = "E"', 'source = "E"\ntarget = "E"').replace('target = "I"\n', 'target = "E"\n'), "other.toml")
    refused("run", "other.toml", "-o", "run.h5", "--overwrite", says=["the potential has left its range"])


@case("a metric that throws")
def _():
    archive()
    refused("evaluate", "--from", "run.h5", "--set", 'evaluation.metrics=["mse", "throws_when_asked"]', says=["metric", "throws_when_asked", "the matrix is singular"])


@case("a plugin of a kind is told from one that is not there")
def _():
    refused("plugin", "describe", "stdp_pear", says=["Did you mean 'stdp_pair'?"])
    refused("plugin", "check", "nowhere.so", says=["nowhere.so"])
    write("no plugin", "text.so")
    refused("plugin", "check", "text.so", says=["text.so"])
    refused("plugin", "list", "neurone", says=["Did you mean 'neuron'?"])
    refused("plugin", "new", "neurone", "mine", says=["Did you mean 'neuron'?"])


# --------------------------------------------------------------------------------------------------------- the command line

@case("a misspelt verb")
def _():
    refused("simulat", "x.toml", says=["'simulat'", "Did you mean 'simulate'?"])
    refused("plugin", "lst", says=["'plugin lst'", "Did you mean 'plugin list'?"])
    refused("archive", "chek", says=["Did you mean 'archive check'?"])
    refused("plugin", says=["plugin list"])


@case("a misspelt option")
def _():
    write()
    refused("run", "experiment.toml", "--threds", "2", says=["--threds", "Did you mean '--threads'?"])
    refused("run", "experiment.toml", "--output=run.h5", "--overwritten", says=["Did you mean '--overwrite'?"])


@case("a misspelt stage")
def _():
    write()
    refused("run", "experiment.toml", "--stages", "simulate,fitt", says=["'fitt'", "Did you mean 'fit'?"])
    refused("run", "experiment.toml", "--stages", "", says=["--stages"])


@case("a bad value of an option")
def _():
    write()
    for options in (["--threads", "0"], ["--threads", "many"], ["--threads"], ["--seed", "-1"], ["--seed", "x"], ["--set", "epochs"], ["--set", "=5"]):
        refused("run", "experiment.toml", *options, says=[options[0]])


@case("neither experiment nor archive, or too many")
def _():
    write()
    refused("run", says=["experiment", "--from"])
    refused("fit", says=["--from"])
    refused("run", "experiment.toml", "experiment.toml", says=["usage", "EXPERIMENT.toml"])
    refused("describe", says=["EXPERIMENT.toml"])


@case("stages that need an archive say so")
def _():
    write()
    for verb in ("fit", "evaluate", "report"):
        refused(verb, "experiment.toml", says=["experiment.h5"])


@case("fit without a model")
def _():
    text = spiking[:spiking.index("[model]")] + spiking[spiking.index("[evaluation]"):]
    write(text)
    ok("simulate", "experiment.toml", "-o", "run.h5")
    refused("fit", "--from", "run.h5", says=["[model]", "[training]"])
    result = ok("run", "experiment.toml", "-o", "whole.h5")
    check("fit " not in result.out and os.path.exists("whole.html"), f"run leaves the stage out:\n{result}")


@case("what a command reads, or another kind of file, is no place for what it writes")
def _():
    write()
    ok("run", "experiment.toml", "-o", "run.h5")
    shutil.copy("experiment.toml", "copy.toml")
    refused("run", "copy.toml", "-o", "copy.toml", "--overwrite", says=["copy.toml", "is what this command reads"])
    refused("fit", "copy.toml", "--from", "run.h5", "-o", "copy.toml", "--overwrite", says=["copy.toml", "is what this command reads"])
    refused("run", "experiment.toml", "-o", "new.h5", "--report", "copy.toml", says=["copy.toml", "no report that another may replace"])
    refused("run", "experiment.toml", "-o", "same.html", says=["same.html", "is to be the archive and the report"])
    refused("report", "--from", "run.h5", "--report", "run.h5", says=["run.h5", "no report that another may replace"])
    refused("export", "run.h5", "-o", "run.h5", "--format", "onnx", "--overwrite", says=["run.h5", "is what this command reads"])
    ok("report", "--from", "run.h5")  # a report may be replaced by another
    os.mkdir("folder.h5")
    refused("simulate", "experiment.toml", "-o", "folder.h5", "--overwrite", says=["folder.h5", "is no file that can be replaced"])

    # Columns that are read as lists are read too.
    pathlib.Path("rates.csv").write_text("time,rate\n0,5\n50,10\n")
    generator = 'stimuli.drive.generator={ name = "inhomogeneous_poisson_generator", rate_times = { file = "rates.csv", column = "time" }, rate_values = { file = "rates.csv", column = "rate" } }'
    refused("simulate", "experiment.toml", "-o", "rates.csv", "--overwrite", "--set", generator, says=["rates.csv", "is what this command reads"])


@case("what a stage replaces is there again when it fails")
def _():
    write()
    ok("run", "experiment.toml", "-o", "run.h5")
    shutil.copy("run.h5", "other.h5")
    refused("fit", "experiment.toml", "--from", "run.h5", "-o", "other.h5", "--overwrite", "--set", 'dataset.bin="1000 s"', says=["dataset"])
    # Of two runs in turn that are killed, the last archive that was complete.
    for _ in range(2):
        process = subprocess.Popen([proxon, "simulate", "experiment.toml", "-o", "other.h5", "--overwrite", "--set", 'simulation.duration="4000 s"'], stdout=subprocess.DEVNULL)
        while process.poll() is None and not (os.path.exists("other.h5.before") and not os.path.samefile("other.h5", "other.h5.before")):
            time.sleep(0.02)
        process.kill()
        process.wait()
    check(stages("other.h5.before") == stages("run.h5"), "the complete archive is kept")


@case("a training that diverges leaves the weights that it says it keeps")
def _():
    write()
    said = run("run", "experiment.toml", "-o", "run.h5", "--set", "training.rule=backprop", "--set", "training.optimizer.learning_rate=1e9", "--set", "model.approximator.activation=relu",
               "--set", "training.epochs=60")
    check(said.status == 1, f"diverges:\n{said}")
    check("keeps the weights of epoch" in said.err, f"says so:\n{said}")
    with h5py.File("run.h5") as f:
        check(f["proxon/model/theta"].size > 0 and abs(f["proxon/model/theta"][:]).max() < float("inf"), "they are there, and finite")


@case("options that a local rule has no use for are refused before anything is simulated")
def _():
    write()
    for verb in ("run", "describe"):
        refused(verb, "experiment.toml", "--set", "training.rule=hebb", "--set", "training.L2=1", says=["training: L2 = 1 acts on a gradient", "'hebb' has none"])


@case("recordings that hold no numbers, and old SONATA files")
def _():
    text = """[network.populations.P]
size = 2
neuron = "parrot_neuron"
[stimuli.s]
target = "P"
weight = 1
generator = { name = "spike_replay", file = "FILE" }
[simulation]
duration = "10 ms"
"""
    for number in ("nan", "inf", "-inf"):
        pathlib.Path("spikes.csv").write_text(f"time,neuron\n5,0\n{number},0\n3,1\n")
        write(text.replace("FILE", "spikes.csv"))
        refused("simulate", "experiment.toml", says=["spikes.csv:3", f"'{number}' in column 'time' is not a finite number"])
    # A time far away is no time that comes; a mark at the begin is none of the name.
    pathlib.Path("spikes.csv").write_text("\ufefftime,neuron\n5,0\n1e300,0\n3,1\n")
    ok("simulate", "experiment.toml", "-o", "run.h5")
    with h5py.File("run.h5") as f:
        check(len(f["spikes/P/timestamps"]) == 2, "two spikes, and no more")
    with h5py.File("old.h5", "w") as f:
        f["spikes/timestamps"], f["spikes/gids"] = [3.0, 5.0], [1, 0]
    write(text.replace("FILE", "old.h5"))
    ok("simulate", "experiment.toml", "-o", "run.h5", "--overwrite")
    with h5py.File("run.h5") as f:
        check(list(f["spikes/P/node_ids"]) == [1, 0], "gids are the neurons")
    with h5py.File("old.h5", "a") as f:
        f["spikes/timestamps"][0] = float("nan")
    refused("simulate", "experiment.toml", "-o", "other.h5", says=["old.h5", "holds a time that is no finite number"])


@case("an archive into which another program wrote a neuron that there is not")
def _():
    write()
    ok("run", "experiment.toml", "-o", "run.h5")
    for number, at in ((10**6, "node_ids"), (float("nan"), "timestamps")):
        shutil.copy("run.h5", "changed.h5")
        with h5py.File("changed.h5", "a") as f:
            name = next(iter(f["spikes"]))
            f[f"spikes/{name}/{at}"][3] = number
        refused("evaluate", "--from", "changed.h5", says=["changed.h5", "was changed by another program, or is damaged"])
        refused("archive", "check", "changed.h5", says=["broken"])


@case("a signal for what does not learn, learning from a signal that is not there, and more neurons than there is room for")
def _():
    text = """[network.populations.A]
size = 3
neuron = "iaf_psc_delta"
[network.projections.AA]
source = "A"
target = "A"
connectivity = "all_to_all"
weight = 0.5
[simulation]
duration = "10 ms"
"""
    write(text)
    refused("simulate", "experiment.toml", "--set", "network.projections.AA.modulator=A", says=["network.projections.AA.modulator", "is for a projection with a learning_rule"])
    result = ok("simulate", "experiment.toml", "-o", "run.h5", "--set", "network.projections.AA.learning_rule=stdp_dopamine")
    check("'stdp_dopamine' learns from a signal, and no `modulator`" in result.err, f"a note:\n{result}")
    refused("simulate", "experiment.toml", "--set", "network.populations.A.size=2147483647", "--set", 'network.projections.AA.connectivity={ name = "pairwise_bernoulli", p = 0 }',
            says=["2,147,483,647 neurons need more than", "make it smaller"])


main()
