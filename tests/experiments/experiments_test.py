"""Runs one experiment of datasets/ and checks what it must show.

experiments_test.py NAME PROXON SOURCE_FOLDER WORK_FOLDER; ends with 77 where real data is missing.
"""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import h5py
import numpy as np

name, proxon, source, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]) / sys.argv[1]
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
patience = float(os.environ.get("PROXON_PATIENCE", "1"))  # 10 under a sanitizer


def check(holds, what):
    print("ok    " if holds else "FAILED", what, flush=True)
    if not holds:
        sys.exit(1)


def run(experiment, *options, status=0):
    """Goes the whole road in the work folder; gives what was printed and the archive."""
    command = [proxon, "run", str(experiment), "--output", str(work / "run.h5"), *options]
    result = subprocess.run(command, capture_output=True, text=True, cwd=work, timeout=280 * patience)
    print(result.stdout + result.stderr, flush=True)
    check(result.returncode == status, f"ends with {status}")
    return result.stdout + result.stderr


def archive():
    for verb in (["archive", "check"], ["archive", "info"]):
        check(subprocess.run([proxon, *verb, str(work / "run.h5")], capture_output=True).returncode == 0, " ".join(verb))
    page = (work / "run.html").read_text()
    check("<canvas" in page or "chart" in page, "the report has charts")
    check("http://" not in page.replace("http://www.w3.org", "") or 'src="http' not in page, "the report asks for nothing from outside")
    return h5py.File(work / "run.h5")


def baselines(f, wanted, scope="test"):
    """The value of a metric, and those of its baselines by their names; None where one is undefined."""
    for k, row in enumerate(f["proxon/metrics"][:]):
        if (row["name"].decode(), row["scope"].decode()) == (wanted, scope):
            beside = f["proxon/metric_baselines"][:]
            return row["value"], {b["name"].decode(): b["value"] if b["defined"] else None for b in beside[beside["metric"] == k]}
    check(False, f"metric {wanted} of {scope} is there")


def metric(f, wanted, scope="test"):
    """The value of a metric and that of its first baseline."""
    value, beside = baselines(f, wanted, scope)
    return value, next(iter(beside.values()), None)


def predictions(f, split=None):
    group = f["proxon/predictions"]
    rows = slice(None) if split is None else group["split"][:] == split
    return group["target"][:][rows], group["prediction"][:][rows]


def quickstart():
    run(source / "datasets/quickstart/quickstart.toml", "--set", "simulation.duration=20 s")
    with archive() as f:
        value, baseline = metric(f, "r2")
        check(value > 0.5 and baseline < 0.05, f"r2 on the test span, {value:.3f}, far above the baseline's {baseline:.3f}")
        linear = baselines(f, "r2")[1]["linear-nonlinear"]
        check(0.4 < linear < value, f"a linear filter of the drive with a nonlinearity lies between, {linear:.3f}")
        check(b"linear-nonlinear" in (work / "run.html").read_bytes(), "and stands in the report")
        check(f["nodes/E1/node_type_id"].shape == (400,), "400 neurons in E1")
        weights = f["edges/I_E1/0/syn_weight"][:]
        check(weights.max() <= 0 and abs(weights.mean() + 0.8) < 0.01, "inhibitory weights keep their sign and their mean")
    reader = subprocess.run([sys.executable, str(source / "docs/examples/read_archive.py"), str(work / "run.h5")], capture_output=True, text=True)
    print(reader.stdout + reader.stderr)
    check(reader.returncode == 0 and "population E1" in reader.stdout, "h5py reads the archive as docs/archive.md says")
    # A large network and 17 s to learn from: dropout keeps it from learning them by heart.
    reached = []
    for dropout in (0, 0.2):
        (work / "run.h5").rename(work / "twin.h5")
        twin = f'{{name="convolutional", filters=[64, 64], kernel=[15, 5], dropout={dropout}}}'
        settings = ('dataset.history="0 ms"', 'dataset.sequence="1 s"', 'dataset.burn_in="150 ms"', f"model.approximator={twin}", 'training.init="he_normal"',
                    "training.patience=0", "training.batch=4")
        run(source / "datasets/quickstart/quickstart.toml", "--from", "twin.h5", "--stages", "fit,evaluate,report", *[o for s in settings for o in ("--set", s)])
        with archive() as f:
            reached.append(metric(f, "r2")[0])
    check(reached[1] > 0.55 and reached[1] > reached[0] + 0.05, f"r2 of a convolutional twin without and with dropout: {reached[0]:.3f}, {reached[1]:.3f}")


def two_neurons():
    run(source / "datasets/two_neurons/two_neurons.toml")
    with archive() as f:
        # From rest, two steps a trial: y1 = tanh(x1 + 0.5 tanh x2), y2 = tanh(x2 + 0.3 tanh x1).
        x = np.loadtxt(source / "datasets/two_neurons/grid.csv", delimiter=",", skiprows=1)[:, 1:]
        y = np.stack([f["report/n1/data"][1::2, 0], f["report/n2/data"][1::2, 0]], axis=1)
        wanted = np.stack([np.tanh(x[:, 0] + 0.5 * np.tanh(x[:, 1])), np.tanh(x[:, 1] + 0.3 * np.tanh(x[:, 0]))], axis=1)
        check(tuple(x[0]) == (0.3, 0.7), "the first trial is x = (0.3, 0.7)")
        first = (math.tanh(0.3 + 0.5 * math.tanh(0.7)), math.tanh(0.7 + 0.3 * math.tanh(0.3)))
        check(np.abs(y[0] - first).max() < 1e-6, f"y = {y[0]} is {first} to 1e-6")
        check(y.shape == wanted.shape and np.abs(y - wanted).max() < 1e-6, "so it is for all inputs of the square")
        target, prediction = predictions(f)
        error = np.abs(target - prediction).max()
        check(len(target) == len(x) and error < 1e-2, f"the twin is within 1e-2 everywhere: {error:.2g}")


def stdp_window():
    run(source / "datasets/stdp_window/stdp_window.toml")
    with archive() as f:
        weight = f["proxon/weights/pairs/weights"][-1].astype(float)
        delta = 40.5 - np.arange(80)
        wanted = 5 + 20 * np.where(delta > 0, 0.01 * np.exp(-delta / 20), -0.0105 * np.exp(delta / 20))
        error = np.abs(weight - wanted).max()
        # Twenty sums of floats near 5, each rounded to 2.4e-7, and traces that decay by rounded factors.
        check(error < 2e-5, f"the weights lie on the closed form of the window to {error:.2g}")
    check("What each synapse of pairs learned" in (work / "run.html").read_text(), "the report draws the window")


def activity(f, names):
    """Mean rate (Hz) and mean CV of the interspike intervals over the populations."""
    rates = [metric(f, "mean_rate", name)[0] for name in names]
    cvs = [metric(f, "cv_isi", name)[0] for name in names]
    return float(np.mean(rates)), float(np.mean(cvs))


def synchrony(f, population, size, begin, end):
    """Variance of the spike count in bins of 1 ms over its mean: 1 for independent neurons."""
    times = f[f"spikes/{population}/timestamps"][:]
    counts, _ = np.histogram(times, bins=np.arange(begin, end + 1e-9, 1.0))
    return counts.var() / counts.mean()


def brunel():
    # g and eta of Brunel 2000, figure 8; what each regime is known by: its rate, its irregularity, its synchrony.
    regimes = {
        "SR": (3, 2, "300 ms", lambda rate, cv, sync: rate > 150 and cv < 0.3 and sync > 200),
        "AI": (5, 2, "1 s", lambda rate, cv, sync: 25 < rate < 55 and cv > 0.4 and sync < 100),
        "SI fast": (6, 4, "1 s", lambda rate, cv, sync: 40 < rate < 90 and cv > 0.3 and sync > 10),
        "SI slow": (4.5, 0.9, "2 s", lambda rate, cv, sync: 1 < rate < 20 and cv > 0.6 and sync > 3),
    }
    peak = {}
    for regime, (g, eta, duration, holds) in regimes.items():
        options = [f"constants.g={g}", f"constants.eta={eta}"]
        run(source / "datasets/brunel/brunel.toml", "--overwrite", "--set", f'simulation.duration="{duration}"', *[o for s in options for o in ("--set", s)])
        with archive() as f:
            mean, cv = activity(f, "EI")
            end = f["proxon"].attrs["duration_ms"]
            sync = synchrony(f, "E", 4000, 100, end)
            print(f"{regime}: {mean:.1f} Hz, CV {cv:.2f}, variance over mean of the count in 1 ms {sync:.1f}", flush=True)
            check(holds(mean, cv, sync), f"{regime} (g = {g}, eta = {eta})")
            count = np.histogram(np.ceil(f["spikes/E/timestamps"][:] - 1e-6), np.arange(0.5, end + 1))[0]
            check(np.array_equal(f["acquisition/E/data"][:], (count / (4000 * 0.001)).astype("float32")), "the recorded rate is that of the spikes")
            table = f["analysis/E_I"]
            peak[regime] = (table["count"][:] / table["chance"][:])[50:71].max()
    print("pairs of E and I over chance, at most, within 5 ms: " + ", ".join(f"{regime} {value:.2f}" for regime, value in peak.items()))
    check(peak["AI"] < peak["SI fast"] and peak["AI"] < peak["SI slow"], "synchrony shows in the correlation too")


def vogels_abbott():
    for kind, low, high in (("coba", 12, 22), ("cuba", 3, 7)):
        run(source / f"datasets/vogels_abbott/{kind}.toml", "--overwrite")
        with archive() as f:
            mean, cv = activity(f, "EI")
            check(low < mean < high and cv > 0.5, f"{kind}: {mean:.1f} Hz, CV {cv:.2f}")


def microcircuit():
    # A small share of the neurons with their full in-degrees: the order of the rates of the full circuit (Potjans & Diesmann 2014, figure 6).
    run(source / "datasets/microcircuit/microcircuit.toml", "--set", "simulation.duration=400 ms", "--set", "constants.scale=0.03")
    with archive() as f:
        rate = {name: metric(f, "mean_rate", name)[0] for name in ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")}
        print(", ".join(f"{name} {value:.1f} Hz" for name, value in rate.items()))
        check(sum(f[f"nodes/{name}/node_type_id"].shape[0] for name in rate) == 2314, "three hundredths of 77,169 neurons")
        for layer in ("L23", "L4", "L6"):
            check(rate[layer + "E"] < rate[layer + "I"], f"{layer}: inhibitory neurons fire more")
        check(rate["L6E"] < rate["L4E"] < rate["L5E"], "excitatory neurons fire most in layer 5, least in layer 6")
        check(all(0.1 < value < 25 for value in rate.values()), "low rates everywhere")
    check("One line a source population" in (work / "run.html").read_text(), "the report pools 64 projections by population")


def quickstart_sweep():
    # Two of the nine seeds; one where all takes longer. It is killed on its way, workers and all, and goes on with the same command.
    seeds = [1, 2] if patience == 1 else [1]
    trials = 60 * len(seeds)
    command = [proxon, "sweep", str(source / "datasets/quickstart/sweep.toml"), "--set", f"axes.seed.values={seeds}", "--set", f"trial.time_limit={60 * patience} s"]
    process = subprocess.Popen(command, cwd=work, stdout=subprocess.DEVNULL, start_new_session=True)

    def done():
        status = subprocess.run([proxon, "sweep", "status", "sweep.h5"], cwd=work, capture_output=True, text=True)
        return int(re.search(r"done +(\d+)", status.stdout).group(1)) if status.returncode == 0 else 0
    while done() < trials // 4 and process.poll() is None:
        time.sleep(0.1 * patience)
    process.kill()
    process.wait()
    kept = done()
    check(trials // 4 <= kept < trials, f"{kept} trials had ended when it was killed")
    result = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=280 * patience)
    print(result.stdout + result.stderr, flush=True)
    check(result.returncode == 0 and f"{kept} of them known from before" in result.stdout, "the same command goes on")
    with h5py.File(work / "sweep.h5") as f:
        rows = f["trials"]
        check(len(rows["id"]) == trials and len(set(rows["id"][:])) == trials and (rows["state"][:] == 0).all(), f"{trials} trials are done, each once")
        r2, rule = rows["figures/r2.test"][:], rows["axes/rule"][:]
        names = [c.decode() if isinstance(c, bytes) else c for c in rows["axes/rule"].attrs["choices"]]
        best = {n: r2[rule == i].max() for i, n in enumerate(names)}
        check(best["backprop"] > 0.4 and best["backprop"] > max(best["oja"], best["hebb"]), f"backpropagation predicts best: {best}")
        check(len(f["curves/row"]) == trials * 15, "15 epochs of each trial")
        check(len(f["kept"]) == 3, "the archives of the best three are kept")
    check(subprocess.run([proxon, "sweep", "report", "sweep.h5"], cwd=work).returncode == 0, "report")
    page = (work / "sweep.html").read_text()
    check(all(part in page for part in ("Best trials", "History of r2", "Importance of the axes", "All axes at once", "Mean r2 over spread", "Curves of the best trials")), "the report has its parts")
    # The search is the same to the bit for any number of workers.
    found = []
    for workers in ("1", "2"):
        archive_of = work / f"search{workers}.h5"
        search = subprocess.run([proxon, "sweep", str(source / "datasets/quickstart/search.toml"), "--trials", "40", "--workers", workers, "--output", archive_of, "-q"], timeout=200 * patience)
        check(search.returncode == 0, f"a search with {workers} worker(s)")
        with h5py.File(archive_of) as f:
            order = np.argsort(f["trials/number"][:])
            found.append([f["trials/id"][:][order], *(f[f"trials/figures/{name}"][:][order] for name in ("validation_loss", "r2.test"))])
    check(all(np.array_equal(one, two) for one, two in zip(*found)), "comes to the same points and figures")
    losses = found[0][1]
    check(losses.min() < 0.325, f"and finds a twin of validation loss {losses.min():.3f}")
    check(np.median(losses[16:]) < np.median(losses[:16]) - 0.02, f"{np.median(losses[:16]):.3f} in the middle of the points that are drawn evenly, {np.median(losses[16:]):.3f} of those after")


def tiny_mlp_tanh():
    run(source / "datasets/tiny_mlp/tanh.toml")
    with archive() as f:
        epochs = f["proxon/training/epochs"]
        check(len(epochs) == 100, "100 epochs")
        check(epochs["train_loss"][-1] < 1e-3 < epochs["train_loss"][0], f"the loss falls to {epochs['train_loss'][-1]:.2g}")


def tiny_mlp_rules():
    # Rules whose layers relax; what equilibrium propagation trains is the settled state, which the forward pass is close to only where feedback is weak.
    for rule, low, high in (('"predictive_coding"', 0, 1e-5), ('"contrastive_hebbian"', 0, 1e-5), ('{ name = "equilibrium_propagation", feedback = 0.01 }', 0, 1e-5),
                            ('"equilibrium_propagation"', 1e-5, 1e-3), ('{ name = "equilibrium_propagation", feedback = 1, symmetric = false }', 1e-2, 0.2)):
        run(source / "datasets/tiny_mlp/tanh.toml", "--set", f"training.rule={rule}", "--overwrite")
        with archive() as f:
            loss = f["proxon/training/epochs"]["train_loss"][-1]
            check(low < loss < high, f"{rule}: the loss falls to {loss:.2g}")


def tiny_mlp_noise():
    run(source / "datasets/tiny_mlp/noise.toml")
    with archive() as f:
        loss = f["proxon/training/epochs"]["train_loss"][-1]
        train, _ = predictions(f, 0)
        check(len(train) == 100, "100 pairs")
        # Seven parameters on 100 pairs explain about 7 % of the variance by chance, never a fifth.
        check(0.8 < loss / train.var() < 1.0, f"the loss, {loss:.3f}, ends at the variance, {train.var():.3f}")
        value, _ = metric(f, "r2")
        check(value < 0.05, f"nothing is explained of the other pairs: r2 {value:.3f}")


def lif_twin():
    run(source / "datasets/lif_twin/lif_twin.toml", "--set", 'simulation.duration="900 s"')
    with archive() as f:
        # A quarter of the full form, whose demands are 0.995, 0.97, 0.99, 1 and 5 % (docs/experiments/lif_twin.md).
        auc, chance = metric(f, "roc_auc", "test, spikes")
        check(auc >= 0.995 and abs(chance - 0.5) < 1e-6, f"spikes at 1 ms: area under the ROC curve {auc:.4f}")
        explained, _ = metric(f, "r2", "test, voltage")
        check(explained >= 0.95, f"explained variance of the potential {explained:.3f}")
        nulls = baselines(f, "r2", "test, voltage")[1]
        check(list(nulls) == ["mean of the training span", "PSTH", "linear-nonlinear"], f"its null models: {', '.join(nulls)}")
        # Inputs are drawn anew in each trial: the mean over 105 of them knows nothing. The potential is a linear filter but for resets.
        check(-0.05 < nulls["PSTH"] < 0.01 and nulls["linear-nonlinear"] > 0.95, f"PSTH {nulls['PSTH']:.3f}, linear-nonlinear {nulls['linear-nonlinear']:.3f}")
        r, shuffled = metric(f, "weight_correlation", "response of voltage")
        check(r >= 0.99 and abs(shuffled) < 0.3, f"recovered weights: r = {r:.4f}, shuffled {shuffled:.2f}")
        check(metric(f, "weight_sign", "response of voltage")[0] == 1, "every sign is right")
        tau = metric(f, "response_time_constant", "voltage")[0]
        check(abs(tau - 20) < 2, f"time constant {tau:.1f} ms of 20 ms")
        rows = f["proxon/predictions/time_ms"][:]
        check(len(np.unique(np.round(rows))) == len(rows) == 150 * 5900, "every millisecond after the burn-in of a trial is predicted once")

        # The twin put to use: the spikes of the first two seconds as a file.
        spikes = np.zeros((2000, 100), int)
        for first, name in ((0, "excitatory"), (80, "inhibitory")):
            times, ids = f[f"spikes/{name}/timestamps"][:], f[f"spikes/{name}/node_ids"][:]
            early = times < 2000.5
            np.add.at(spikes, (np.round(times[early]).astype(int) - 1, first + ids[early].astype(int)), 1)
        names = [f"{name}[{i}] spikes" for name, n in (("excitatory", 80), ("inhibitory", 20)) for i in range(n)]
        np.savetxt(work / "spikes.csv", spikes, fmt="%d", delimiter=",", header=",".join(names), comments="")
        result = subprocess.run([proxon, "predict", "run.h5", "--input", "spikes.csv"], cwd=work, capture_output=True, text=True)
        check(result.returncode == 0, "proxon predict " + result.stdout + result.stderr)
        said = np.loadtxt(work / "spikes_predicted.csv", delimiter=",", skiprows=1)
        first = np.argsort(rows)[:1900]
        held = f["proxon/predictions/prediction"][:][first]
        check(np.abs(said[100:, 1:] - held).max() < 1e-4, "predict says what the archive holds")

    # In another program: the twin as ONNX. Potentials are about 75, sums of 8,000 products.
    result = subprocess.run([proxon, "export", "run.h5", "--output", "twin.onnx"], cwd=work, capture_output=True, text=True)
    check(result.returncode == 0, "proxon export " + result.stdout + result.stderr)
    sys.path.append(str(source / "tests/cli"))
    import onnx
    import onnx_evaluator
    y = onnx_evaluator.evaluate(onnx.load(str(work / "twin.onnx")), spikes[None].astype(np.float32))[0][0]
    check(np.abs(y - said[:, 1:]).max() < 1e-3, f"the exported twin says what predict says, to {np.abs(y - said[:, 1:]).max():.1e}")


def ei_twin():
    # A quarter of the recording and fewer epochs; the other levels of constraint are shown in the long form, docs/experiments/ei_twin.md.
    run(source / "datasets/ei_twin/ei_twin.toml", "--set", 'simulation.duration="30 s"', "--set", "training.epochs=12")
    with archive() as f:
        auc, chance = metric(f, "roc_auc")
        check(auc >= 0.95 and abs(chance - 0.5) < 1e-6, f"spikes at 1 ms, mean over neurons: area under the ROC curve {auc:.4f}")
        linear = baselines(f, "roc_auc")[1]["linear-nonlinear"]
        check(0.9 < linear < 0.99, f"that of a linear filter of all spikes {linear:.4f}: so little data do not tell it from the twin, two minutes do")
        r, shuffled = metric(f, "weight_correlation", "synapses")
        check(r >= 0.9 and abs(shuffled) < 0.1, f"weights where there is a synapse: r = {r:.3f}, shuffled {shuffled:.3f}")
        signs, _ = metric(f, "weight_sign", "synapses")
        check(signs > 0.97, f"signs that are right: {signs:.3f}")
    # The null model of the graph: as many synapses of every neuron, rewired.
    result = subprocess.run([proxon, "run", str(source / "datasets/ei_twin/ei_twin.toml"), "--from", "run.h5", "--stages", "fit,evaluate", "--output", "shuffled.h5",
                             "--set", 'model.graph="shuffled"', "--set", "training.epochs=12"], capture_output=True, text=True, cwd=work, timeout=280 * patience)
    print(result.stdout + result.stderr, flush=True)
    with h5py.File(work / "shuffled.h5") as f:
        rewired, _ = metric(f, "roc_auc")
        of_rewired, _ = metric(f, "weight_correlation", "synapses")
        check(rewired < auc - 0.05 and of_rewired < 0.5, f"on a shuffled graph the area is {rewired:.4f}, r of the weights {of_rewired:.3f}")
        theta, layer = f["proxon/model/theta"][:], f["proxon/model/layers"][0]
        W = theta[:layer["inputs"] * layer["outputs"]].reshape(layer["inputs"], layer["outputs"])
        check((W != 0).sum() <= 7800, f"{(W != 0).sum()} synapses of 7,800 have a weight")
    # Twins that know of no neurons: weights of their own, whose response is compared.
    for name, approximator in (("dense", '{ name = "dense", hidden = [64], activation = "relu" }'), ("gru", '{ name = "recurrent", cell = "gru", units = [64] }')):
        result = subprocess.run([proxon, "run", str(source / "datasets/ei_twin/ei_twin.toml"), "--from", "run.h5", "--stages", "fit,evaluate", "--output", f"{name}.h5",
                                 "--set", f"model.approximator={approximator}", "--set", 'training.init="glorot_uniform"', "--set", 'training.output_bias="mean"',
                                 "--set", "training.optimizer.learning_rate=0.003", "--set", "training.epochs=6"], capture_output=True, text=True, cwd=work, timeout=280 * patience)
        print(result.stdout + result.stderr, flush=True)
        with h5py.File(work / f"{name}.h5") as f:
            other, chance = metric(f, "roc_auc")
            check(chance < 0.51 and 0.7 < other < auc, f"{name}: area under the ROC curve {other:.4f}, below that of the twin whose units are the neurons")


def cell_twin():
    # A tenth of the recording, smaller networks and fewer epochs; both twins learn from one recording.
    folder = source / "datasets/cell_twin"
    network = [re.search(r"\n\[network.*?\n\[model\]", (folder / f"{twin}.toml").read_text(), re.S)[0] for twin in ("recurrent", "tcn")]
    check(network[0] == network[1], "both files have one neuron and one dataset")
    options = {"recurrent": ["training.epochs=5", "training.optimizer.learning_rate=0.006", "model.approximator.units=[32]"],
               "tcn": ["training.epochs=4", "training.optimizer.learning_rate=0.004", "model.approximator.filters=[16, 16, 16, 16, 16, 16, 16]"]}
    begin = ["--set", 'simulation.duration="180 s"']
    for twin, floor, explained_floor in (("recurrent", 0.93, 0.6), ("tcn", 0.91, 0.5)):
        changed = [o for setting in ("training.batch=4", *options[twin]) for o in ("--set", setting)]
        run(folder / f"{twin}.toml", *begin, *changed)
        with archive() as f:
            auc, chance = metric(f, "roc_auc", "test, spikes")
            check(auc >= floor and abs(chance - 0.5) < 1e-6, f"{twin}: spikes at 1 ms: area under the ROC curve {auc:.4f}")
            score, worst = metric(f, "complexity_score", "test, spikes")
            check(abs(score - math.log10(1000 * (1 - auc)) / 2) < 1e-6 and score < worst, f"{twin}: complexity score {score:.3f}, of chance {worst:.3f}")
            explained, _ = metric(f, "r2", "test, voltage")
            rmse, mean = metric(f, "mse.rmse", "test, voltage")
            check(explained >= explained_floor and rmse < 0.8 * mean, f"{twin}: explained variance of the potential {explained:.3f}, rmse {rmse:.2f} mV of {mean:.2f} mV")
            check(0.5 < metric(f, "mean_rate", "cell")[0] < 2, "the neuron fires about once a second")
        (work / "run.h5").rename(work / "cell.h5")
        begin = ["--from", "cell.h5", "--stages", "fit,evaluate,report"]


def identifiability():
    # Two points of the curve; all of it, on four networks, is docs/experiments/identifiability.md.
    experiment, between = source / "datasets/identifiability/identifiability.toml", "dataset.targets.between."
    error, weights = {}, {}
    for M in (1, 16):
        run(experiment, "--overwrite", "--threads", "1", "--set", f"dataset.targets.recorded.count={M}", "--set", f"{between}first={M}",
            "--set", f"{between}count={40 - M}")
        with archive() as f:
            value, nothing = metric(f, "r2.pooled", "test, unrecorded")
            error[M], weights[M] = 1 - value, metric(f, "weight_error", "synapses")[0]
            check(abs(nothing) < 0.05, "the mean of the training span explains nothing")
            names = [name.decode() for name in f["proxon/predictions/channels"]]
            check(len(set(names)) == 60 and names != sorted(names), "all 60 neurons are asked for, in an order that is drawn")
            dimension = metric(f, "participation_ratio")[0]
            check(3 < dimension < 7, f"their activity has {dimension:.1f} dimensions")
    check(error[16] < 0.12 and error[1] > 2 * error[16], f"error on unrecorded neurons: {error[1]:.3f} with one neuron recorded, {error[16]:.3f} with 16")
    check(weights[16] < 0.2 and weights[1] > 2 * weights[16], f"error of the weights: {weights[1]:.3f} and {weights[16]:.3f}")

    # Told everything, and without noise and constant drive, the twin is the network but for where a sequence begins.
    run(experiment, "--overwrite", "--threads", "1", "--set", "training.epochs=0", "--set", "model.approximator.gain_spread=0", "--set", "network.populations.R.neuron.sigma=0",
        "--set", "network.projections.constant_R.weight=0", "--set", "dataset.sequence=1600 ms", "--set", "dataset.burn_in=1400 ms")
    with archive() as f:
        target, prediction = predictions(f, 2)
        difference = np.abs(target - prediction).max()
        check(difference < 1e-5, f"the network itself differs by {difference:.2g}")
        check(metric(f, "weight_error", "synapses")[0] < 1e-6, "with all its weights")


def with_data(folder, experiment, *files):
    """A copy of the experiment with real data beside it, in data/; skips where that is not there."""
    shutil.copy(source / f"datasets/{folder}/{experiment}.toml", work)
    data = pathlib.Path(os.environ.get("PROXON_DATA", source / ".." / "shared" / "data"))
    (work / "data").mkdir()
    for file in files:
        found = sorted(data.glob(f"**/{file}")) if data.is_dir() else []
        if not found:
            print(f"skipped: {file} is not below {data}")
            sys.exit(77)
        (work / "data" / file).symlink_to(found[0].resolve())


def worm(experiment, *files, options=()):
    with_data("celegans", experiment, *files)
    run(work / f"{experiment}.toml", *options)
    return archive()


varshney = ("NeuronConnectFormatted.csv", "CElegansNeuronTables.Connectome.csv", "CElegansNeuronTables.Sensory.csv",
            "CElegansNeuronTables.NeuronsToMuscle.csv")


def celegans_rate():
    with worm("rate", *varshney) as f:
        check(f["nodes/neurons/node_type_id"].shape == (279,), "279 neurons")
        chemical = sum(f[f"edges/{p}/source_node_id"].shape[0] for p in ("excitatory", "inhibitory"))
        check(chemical == 2194, f"{chemical} chemical connections")
        check(f["edges/gap_junctions/source_node_id"].shape[0] == 1031, "1031 directed gap junctions")
        value, baseline = metric(f, "weight_correlation", "synapses")
        check(value > 0.9 and abs(baseline) < 0.2, f"the twin's weights are the animal's: correlation {value:.3f}, shuffled {baseline:.3f}")


def celegans_lif():
    with worm("lif", *varshney) as f:
        rate, _ = metric(f, "mean_rate", "neurons")
        check(1 < rate < 60, f"the neurons fire: {rate:.1f} Hz")
        value, baseline = metric(f, "r2")
        check(value > 0.9 and baseline < 0.05, f"r2 of the motor neurons' rate {value:.3f}, baseline {baseline:.3f}")


def celegans_cook():
    with worm("cook", "herm_full_edgelist.csv") as f:
        check(f["nodes/cells/node_type_id"].shape == (448,), "448 cells")
        counts = [f[f"edges/{p}/source_node_id"].shape[0] for p in ("chemical", "electrical")]
        check(counts == [4681, 2698], f"edges {counts}")
        value, baseline = metric(f, "r2")
        check(value > 0.3 and baseline < 0.05, f"r2 {value:.3f}, baseline {baseline:.3f}")


def celegans_missing():
    shutil.copy(source / "datasets/celegans/rate.toml", work)
    said = run(work / "rate.toml", status=1)
    for part in ("is not there", "github.com/openworm/c302", "MIT", "01796e27cc60bbbfc8314a949570a47f5a09181de28ac4f1e004717086c2c720"):
        check(part in said, f"says '{part}'")
    (work / "data").mkdir()
    (work / "data/NeuronConnectFormatted.csv").write_text("Neuron 1,Neuron 2,Type,Nbr\n")
    check("it is not the file that this experiment was written for" in run(work / "rate.toml", status=1), "a changed file is refused")
    check(not (work / "run.h5").exists(), "no archive is left")


def predicted(*inputs, output="told.csv", status=0):
    """What `predict` says of files of samples: the classes that it tells, and a column a channel."""
    result = subprocess.run([proxon, "predict", "run.h5", *[o for i in inputs for o in ("--input", str(i))], "-o", output, "--overwrite"], capture_output=True, text=True,
                            cwd=work, timeout=120 * patience)
    check(result.returncode == status, f"predict ends with {status}: {result.stderr}")
    if status:
        return result.stderr
    rows = list(csv.reader(open(work / output)))
    return rows[0], [row[2] for row in rows[1:]], np.array([row[3:] for row in rows[1:]], float)


def tokens():
    with_data("tokens", "tokens", "wnut17train.conll", "emerging.dev.conll")
    said = run(work / "tokens.toml", "--set", "training.epochs=3")
    check("stages network and simulate are left out" in said, "says that nothing is simulated")
    with archive() as f:
        right, chance = metric(f, "classification_report.f1[micro]")
        check(chance < 0.93 and right > chance, f"tokens labelled rightly {right:.4f}, by the most frequent label {chance:.4f}")
        f1, baseline = metric(f, "entity_f1.f1")
        check(list(baselines(f, "entity_f1.f1")[1]) == ["most frequent class"], "of classes the baseline is the most frequent one")
        check(baseline == 0 and f1 > 0.05, f"entity f1 {f1:.3f} after three epochs, of the most frequent label {baseline}")
        support, _ = metric(f, "classification_report.support[B-person]")
        check(support == 470, "470 persons among the test tokens")
        rows = f["proxon/predictions/split"][:]
        check(np.bincount(rows)[2] == 15733 and len(rows) == 62730 + 15733, "a row of predictions a token, none for padding")
        time = f["proxon/predictions/time_ms"][:][rows == 2]
        check((np.diff(time) <= 0).sum() == 1008, "each of the 1,009 sentences begins anew")
        told = f["proxon/predictions/prediction"][:][rows == 2]
    head, classes, channels = predicted(work / "data/emerging.dev.conll")
    check(len(classes) == 15733 and np.abs(channels - told).max() < 1e-5, f"predict says of tokens what evaluate said; {head[:3]}")
    (work / "words.conll").write_text("Obama\nvisited\nParis\n\nHello\n")
    _, classes, channels = predicted(work / "words.conll")
    check(len(classes) == 4 and "O" in classes and np.abs(channels.sum(axis=1) - 1).max() < 1e-5, f"words without labels get some: {classes}")
    check("Confusion" in (work / "run.html").read_text(), "the report draws what was taken for what")
    # From the archive alone, with the files where they were.
    again = subprocess.run([proxon, "fit", "--from", "run.h5", "--output", "again.h5", "--set", "training.epochs=1", "--set", "samples.inputs.word.least=20"],
                           cwd=work, capture_output=True, text=True)
    check(again.returncode == 0, "proxon fit --from: " + again.stdout + again.stderr)
    (work / "data/emerging.dev.conll").unlink()
    shutil.copy(work / "data/wnut17train.conll", work / "data/emerging.dev.conll")
    changed = subprocess.run([proxon, "evaluate", "--from", "run.h5"], cwd=work, capture_output=True, text=True)
    check(changed.returncode == 1 and "it is not the file that this experiment was written for" in changed.stderr, "a file that changed since is refused")


def tokens_wrong():
    """Bad files: one sentence each, with file and line; no archive is left."""
    (work / "data").mkdir()
    shutil.copy(source / "datasets/tokens/tokens.toml", work)
    no_sums = ("--set", "files.train.sha256=''", "--set", "files.test.sha256=''")
    check("the file " in run(work / "tokens.toml", status=1) and not (work / "run.h5").exists(), "a missing file is named")
    good = "The\tO\nThames\tB-location\n\nHi\tO\n"

    def says(train, test, *parts, options=()):
        (work / "data/wnut17train.conll").write_text(train)
        (work / "data/emerging.dev.conll").write_text(test)
        said = run(work / "tokens.toml", *no_sums, *options, status=1)
        for part in parts:
            check(part in said, f"says '{part}'")
        check(not (work / "run.h5").exists(), "no archive is left")

    says(good + "\nalone\n", good, "wnut17train.conll:6: has 1 column where 2 belong")
    says(good, "Hi\tB-locatoin\n", "emerging.dev.conll:1: the label 'B-locatoin'", "Did you mean 'B-location'?")
    says("\n\n", good, "wnut17train.conll: holds no sample")
    says(good, good, "[samples.inputs.word]", "there is no table [files.tset]", options=("--set", "samples.inputs.word.test=tset"))
    says(good, good, "leaves nothing to train on", options=("--set", "samples.validation=0.9", "--set", "samples.test=0.2"))
    says(good, good, "simulates nothing and has no [simulation]", options=("--set", "simulation.dt=1"))


def gamma(data, model, bins, reach=2):
    """The coincidence factor of two trains of bins, spike by spike; `bins` is how many there are."""
    free, pairs = list(model), 0
    for spike in data:
        near = [other for other in free if abs(other - spike) <= reach]
        if near:
            free.remove(near[0])
            pairs += 1
    chance = len(model) / bins * (2 * reach + 1)
    return (pairs - chance * len(data)) / (1 - chance) / ((len(data) + len(model)) / 2)


def pyramidal_data(experiment):
    spikes = [f"{current}-{k}.spiketimes" for current in ("06", "08") for k in range(4)]
    with_data("real_neuron", experiment, "06-0.voltage", "08-0.voltage", *spikes)
    return [np.loadtxt(work / "data" / file)[:, 0] * 0.2 for file in spikes]


def recorded_gamma(times, rows, trial):
    """The repeatability that the files themselves have: spikes in bins of 1 ms, in the rows that were compared."""
    trains = []
    for k, spikes in enumerate(times):
        compared = set(np.round(rows[(rows > k * trial) & (rows <= (k + 1) * trial + 1e-6)] - k * trial).astype(int))
        trains.append(([b for b in sorted(set(np.ceil(spikes - 1e-6).astype(int))) if b in compared], len(compared)))
    return np.mean([gamma(trains[i][0], trains[j][0], trains[j][1]) for s in (0, 4) for i in range(s, s + 4) for j in range(s, s + 4) if i != j])


def real_neuron_pyramidal():
    times = pyramidal_data("pyramidal")
    run(work / "pyramidal.toml", "--set", "training.epochs=30")
    with archive() as f:
        replayed = f["spikes/cell/timestamps"][:]
        wanted = np.concatenate([6800 * k + spikes for k, spikes in enumerate(times)])
        check(np.abs(replayed - wanted).max() < 1e-6, f"the {len(wanted)} recorded spikes, each at its time")
        signal, recorded = f["stimulus/presentation/current/data"][:], np.loadtxt(work / "data/08-0.voltage")[:, 1]
        check(len(signal) == 8 * 34000 and np.allclose(signal.ravel()[-34000:], recorded), "the last trial has the current of its file")
        rows = f["proxon/predictions/time_ms"][:]
        split = f["proxon/predictions/split"][:]
        held = {s: set(np.round(rows[split == s] % 6800).astype(int)) for s in (0, 1, 2)}
        check(len(held[2]) == 1600 and not held[2] & (held[0] | held[1]), "the same 1,600 ms of all trials are held back")
        value, nulls = baselines(f, "coincidence_factor")
        cell, own = metric(f, "coincidence_factor.repeatability")[0], recorded_gamma(times, rows[split == 2], 6800)
        check(abs(cell - own) < 1e-9, f"repeatability {cell:.4f} as counted from the files, {own:.4f}")
        check(value > nulls["linear-nonlinear"] + 0.02, f"coincidence factor {value:.3f}, of a linear filter {nulls['linear-nonlinear']:.3f}, of the mean {nulls['mean of the training span']:.3f}")
        auc, chance = metric(f, "roc_auc")
        check(auc > 0.7 and chance == 0.5, f"area under the ROC curve {auc:.3f}")


def real_neuron_lif():
    times = pyramidal_data("pyramidal_lif")
    run(work / "pyramidal_lif.toml")
    with archive() as f:
        target, prediction = predictions(f, 2)
        rows = f["proxon/predictions/time_ms"][:][f["proxon/predictions/split"][:] == 2]
        fired = np.isin(np.round(rows).astype(int), np.ceil(f["spikes/lif/timestamps"][:] - 1e-6).astype(int))
        check(np.array_equal(prediction[:, 0], fired), "what is compared are the LIF neuron's spikes")
        bins, own = np.round(rows % 6800).astype(int), []
        for k in range(8):
            of = (rows > k * 6800) & (rows <= (k + 1) * 6800)
            own.append(gamma(sorted(bins[of & (target[:, 0] > 0)]), sorted(bins[of & fired]), of.sum()))
        value, _ = metric(f, "coincidence_factor")
        check(abs(value - np.mean(own)) < 1e-9, f"coincidence factor {value:.4f} as counted here, {np.mean(own):.4f}")
        check(value > 0.08, "far above chance")
    # A sweep that fits it, far from its end.
    shutil.copy(source / "datasets/real_neuron/pyramidal_lif_sweep.toml", work / "sweep.toml")
    sweep = subprocess.run([proxon, "sweep", "sweep.toml", "--set", "trials=24"], cwd=work, capture_output=True, text=True, timeout=200 * patience)
    print(sweep.stdout + sweep.stderr, flush=True)
    with h5py.File(work / "sweep.h5") as f:
        values = f["trials/figures/coincidence_factor.train"][:]
        check(sweep.returncode == 0 and len(values) == 24 and np.nanmax(values) > np.nanmedian(values) + 0.02, f"a neuron is judged on the training span: best {np.nanmax(values):.3f}, median {np.nanmedian(values):.3f}")


def real_neuron_grasshopper():
    folder = pathlib.Path("/usr/lib/python3/dist-packages/nitime/data")
    if not folder.is_dir():
        print("skipped: the package python3-nitime is not installed")
        sys.exit(77)
    times = [np.loadtxt(folder / f"grasshopper_spike_times{k}.txt") / 1000 for k in (1, 2)]
    figures = {}
    for experiment, options in (("grasshopper", ("--set", "training.epochs=10")), ("grasshopper_lif", ())):
        run(source / f"datasets/real_neuron/{experiment}.toml", *options, "--overwrite")
        with archive() as f:
            replayed = f["spikes/receptor/timestamps"][:]
            check(np.abs(replayed - np.concatenate([times[0], 10000 + times[1]])).max() < 1e-6, "the recorded spikes, each at its time")
            figures[experiment] = baselines(f, "coincidence_factor")
            check(figures[experiment][0] > 0.4, f"{experiment}: coincidence factor {figures[experiment][0]:.3f}, area under the ROC curve {metric(f, 'roc_auc')[0]:.3f}")
    value, nulls = figures["grasshopper"]
    check(value > nulls["linear-nonlinear"] + 0.1, f"that of a linear filter of the sound: {nulls['linear-nonlinear']:.3f}")


def fashion(experiment, most, *options, status=0):
    """An experiment on the clothes of Debian's package in place of the digits; skips where they are not there."""
    folder = pathlib.Path("/usr/share/datasets/fashion-mnist")
    if not folder.is_dir():
        print("skipped: the package dataset-fashion-mnist is not installed")
        sys.exit(77)
    label = "label" if experiment == "fashion" else "digit"
    few = [f"samples.inputs.pixel.reader.most={most}", f"samples.targets.{label}.reader.most={most}"] if most else []
    if experiment != "fashion":
        for key, file in (("train_images", "train-images-idx3"), ("test_images", "t10k-images-idx3"), ("train_digits", "train-labels-idx1"),
                          ("test_digits", "t10k-labels-idx1")):
            few += [f'files.{key}.path="{folder}/{file}-ubyte.gz"', f"files.{key}.sha256=''"]
    return run(source / f"datasets/mnist_stdp/{experiment}.toml", *[o for s in (*few, *options) for o in ("--set", s)], status=status)


def mnist_convolutional():
    fashion("fashion", 2000, "training.epochs=3")
    with archive() as f:
        right, chance = metric(f, "classification_report.f1[micro]")
        check(abs(chance - 0.1) < 0.03 and right > 0.7, f"clothes of 2,000 that were told from 2,000 others: {right:.3f}, by the most frequent class {chance:.3f}")
        sums = f["proxon/parameters/files/train_images"].attrs["sha256"]
        check(len(sums) == 64, "the archive keeps the sums of the files")
        told = f["proxon/predictions/prediction"][:][f["proxon/predictions/split"][:] == 2]
    # The twin put to use on files without labels: the same images, so the same answers.
    head, classes, channels = predicted("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
    check(head[:4] == ["sample", "row", "label", "0"] and len(classes) == 2000, f"a row an image: {head[:4]}, {len(classes)}")
    check(np.abs(channels - told).max() < 1e-6 and all(int(c) == t.argmax() for c, t in zip(classes, told)), "predict says of images what evaluate said")
    # A sweep over samples, its trials trained together and judged on samples that none learnt from; a trial run alone has the same figure.
    small = ["samples.inputs.pixel.reader.most=500", "samples.targets.label.reader.most=500", "training.epochs=2", 'evaluation.split="validation"',
             'model.approximator={ name = "dense", hidden = [4] }']
    (work / "s.toml").write_text(f"""experiment = "{source}/datasets/mnist_stdp/fashion.toml"
set = {json.dumps(small)}
[axes]
rate = {{ parameter = "training.optimizer.learning_rate", values = [0.002, 0.01] }}
start = {{ parameter = "training.seed", values = [1, 2, 3] }}
[objectives.right]
metric = "classification_report.f1[micro]"
goal = "maximise"
""")
    sweep = subprocess.run([proxon, "sweep", "s.toml"], capture_output=True, text=True, cwd=work, timeout=120 * patience)
    check(sweep.returncode == 0 and "6 trials done" in sweep.stdout, f"a sweep over samples: {sweep.stdout}{sweep.stderr}")
    with h5py.File(work / "s.h5") as f:
        rights = f["trials/figures/classification_report.f1[micro].validation"][:]
        rate, start = (f[f"trials/axes/{axis}"][3] for axis in ("rate", "start"))
    run(source / "datasets/mnist_stdp/fashion.toml", *[o for s in (*small, f"training.optimizer.learning_rate={rate}", f"training.seed={start:.0f}") for o in ("--set", s)],
        "--overwrite")
    with h5py.File(work / "run.h5") as f:
        alone, _ = metric(f, "classification_report.f1[micro]", "validation")
    check(len(set(rights)) > 1 and rights[3] == alone, f"alone {alone}, of the sweep {rights[3]}")
    said = predicted("/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz", status=1)
    check("has 1 column, and 'pixel'" in said, f"labels are no images: {said}")
    check("no such file" in predicted("nowhere.gz", status=1).lower() or "cannot be opened" in predicted("nowhere.gz", status=1), "a file that is not there")


def mnist_spiking():
    # A batch takes more than 1 MB: it goes in pieces.
    fashion("spiking", 1000, "training.epochs=3", "training.memory=1", "model.approximator.rate_cost=0.1", "model.approximator.rate_target=20")
    with archive() as f:
        right, chance = metric(f, "classification_report.f1[micro]")
        check(right > 0.5, f"clothes told by spikes: {right:.3f}, by the most frequent class {chance:.3f}")
        rate, silent = (metric(f, name, "input_1")[0] for name in ("hidden_rate", "hidden_rate.silent"))
        check(10 < rate < 35 and silent < 0.1, f"the units fire at {rate:.1f} Hz, drawn to 20; {silent:.3f} of them never do")
        check(f["proxon/predictions/time_ms"].shape[0] == 2000, "one answer an image, at the last step")
        check(len(f["proxon/parameters/files/train_images"].attrs["sha256"]) == 64, "a sum that was not declared is kept all the same")


def mnist_stdp():
    short = ("constants.learn=1500", "constants.assign=500", "constants.test=500")
    fashion("stdp", None, *short, "stimuli.images.generator.total=14000")  # clothes are brighter than digits
    with archive() as f:
        right, chance = metric(f, "classification_report.f1[micro]")
        check(right > 0.4 and chance < 0.15, f"clothes told by the assigned neurons of a layer that learnt without labels: {right:.3f}, by the most frequent class {chance:.3f}")
        check("most frequent class" in baselines(f, "classification_report.f1[micro]")[1], "which is called what it is")
        weights, targets = f["proxon/weights/learnt/weights"][-1], f["edges/learnt/target_node_id"][:].astype(int)
        sums = np.bincount(targets, weights, 400)
        check(np.abs(sums - 78).max() < 1e-3, f"the weights that reach a neuron add up to {sums.min():.4f} to {sums.max():.4f}")
        first, spread = f["edges/learnt/0/syn_weight"][:], weights.std() / weights.mean()
        check(spread > 1.1 * first.std() / first.mean(), f"and they have become less equal: standard deviation over mean {first.std() / first.mean():.3f}, then {spread:.3f}")
        labels = f["stimulus/presentation/images/data"][:]
        check(len(labels) == 2500 and set(labels) == set(range(1, 11)), "the archive says which class was shown when")
        target, _ = predictions(f, 2)
        check(len(target) == 500 and (target.argmax(axis=1) == labels[2000:] - 1).all(), "a prediction for each test image")
    # Another readout of the same recording: a linear one, trained by back-propagation.
    (work / "run.h5").rename(work / "layer.h5")
    readout = 'training={ rule = "backprop", loss = "cross_entropy", epochs = 20 }'
    run(source / "datasets/mnist_stdp/stdp.toml", "--from", "layer.h5", "--stages", "fit,evaluate", *[o for s in (*short, readout) for o in ("--set", s)])
    with h5py.File(work / "run.h5") as f:
        check(metric(f, "classification_report.f1[micro]")[0] > 0.35, "a readout by back-propagation finds as much in the rates")

    def says(*options, parts):
        said = fashion("stdp", None, *short, *options, status=1)
        for part in parts:
            check(part in said, f"says '{part}'")

    (work / "run.h5").unlink()
    says('stimuli.images.samples.test.values="test_imgs"', parts=["stimuli.images.samples.test.values", "Did you mean 'test_images'?"])
    says('stimuli.images.samples.train.labels="test_digits"', parts=["holds 10000 labels", "holds 60000 samples"])
    says("network.populations.pixels.size=783", parts=["has 784 values a sample, and the target population has 783 neurons"])
    says("stimuli.images.generator.total=1e6", parts=["stimuli.images.generator", "rate times the largest one (with total: its share of it) must be below 1 / dt"])
    says('stimuli.images.generator="poisson_generator"', parts=["stimulus 'poisson_generator' shows no samples"])
    says("network.projections.inhibition.weight_sum=5", parts=["network.projections.inhibition.weight_sum", "is for a projection with a learning_rule"])
    check(not (work / "run.h5").exists(), "no archive is left")


def mnist_wrong():
    """Files that are no IDX, or end early: one sentence, no archive."""
    images = bytes([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(20 * 28 * 28)
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes(i % 10 for i in range(20))

    def says(images, labels, *parts, options=()):
        (work / "images").write_bytes(images)
        (work / "labels").write_bytes(labels)
        settings = [f'files.{key}.path="{work}/{"images" if "images" in key else "labels"}"' for key in ("train_images", "test_images", "train_digits", "test_digits")]
        settings += [f"files.{key}.sha256=''" for key in ("train_images", "test_images", "train_digits", "test_digits")]
        said = run(source / "datasets/mnist_stdp/convolutional.toml", *[o for s in (*settings, *options) for o in ("--set", s)], status=1)
        for part in parts:
            check(part in said, f"says '{part}'")

    says(images[:-5], labels, "images: ends 5 bytes too early, within samples 0 to 19 of 20")
    check(not (work / "run.h5").exists(), "no archive is left")
    says(b"P5 28 28", labels, "images: begins with 50 35 20 32, which is no IDX file")
    says(images, labels[:7] + bytes([19]) + labels[8:-1], "labels holds 19 samples, and the inputs have 20")
    says(images, labels, "image has 783 numbers, and a sample has 784", options=("model.approximator.image=[27, 29]",))


globals()[name]()
