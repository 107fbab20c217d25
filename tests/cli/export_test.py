"""Twins for other programs: an exported ONNX model passes the standard's checker and gives what predict gives; a NIR graph, gone through step by step by
a plain loop, does too; what cannot be is refused. ONNX models are evaluated by onnx_evaluator.py, which is held to the standard's own cases first."""
import collections
import csv
import json
import pathlib
import struct

import h5py
import numpy as np
import onnx

import onnx_evaluator
from harness import case, changed, check, main, ok, rate, refused, write

# Roundings of single precision, of sums whose order differs; numbers here are about 1.
tolerance = 2e-5


def write_input(x):
    with open("input.csv", "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([f"X[{i}] activity" for i in range(x.shape[1])])
        writer.writerows(x.tolist())
    return x.astype(np.float32)


def simulate(text=rate):
    """The experiment's recording, and the activities of its neurons, which are the twin's input file."""
    write(text)
    ok("simulate", "experiment.toml", "-o", "run.h5")
    with h5py.File("run.h5") as f:
        return write_input(f["report/X/data"][:])


gradient = ["--set", 'training.rule="backprop"', "--set", "training.epochs=2", "--set", 'evaluation.metrics=["mse"]']


def fit(approximator, *settings):
    """A short fit; its predictions of the input file, a row a bin."""
    ok("fit", "--from", "run.h5", "-o", "twin.h5", "--overwrite", "--set", f"model.approximator={approximator}", *gradient,
       *(word for setting in settings for word in ("--set", setting)))
    ok("predict", "twin.h5", "--input", "input.csv", "-o", "predicted.csv", "--overwrite")
    return np.loadtxt("predicted.csv", delimiter=",", skiprows=1)[:, 1:]


def exported():
    """The twin as an ONNX model that is one by the standard."""
    ok("export", "twin.h5", "--output", "twin.onnx", "--overwrite")
    model = onnx.load("twin.onnx")
    onnx.checker.check_model(model, full_check=True)
    return model


def compare(what, predicted, y):
    check(predicted.shape == y.shape, f"{what}: {predicted.shape} predictions, {y.shape} of the exported twin")
    worst = (np.abs(predicted - y) / (1 + np.abs(predicted))).max()
    check(worst < tolerance, f"{what}: the exported twin differs by {worst}")
    check(predicted.std(axis=0).min() > 1e-4, f"{what}: its outputs do not move")


def windows(x, bins):
    return np.stack([x[i:i + bins] for i in range(len(x) - bins + 1)])


sequence = ['dataset.sequence="50 ms"']


@case("the evaluator gives what the standard's own cases hold")
def _():
    seen, unknown = collections.Counter(), 0
    for name, model, inputs, outputs in onnx_evaluator.cases():
        try:
            given = onnx_evaluator.evaluate(model, *inputs)
        except onnx_evaluator.Unknown:
            unknown += 1
            continue
        for one, other in zip(given, outputs):
            check(np.asarray(one).shape == other.shape and np.allclose(one, other, rtol=1e-5, atol=1e-6), name)
        seen.update(node.op_type for node in model.graph.node)
    missing = {*onnx_evaluator.operators, "Scan"} - set(seen)
    check(not missing, f"no case of {sorted(missing)} was evaluated")
    check(sum(seen.values()) > 100, f"{sum(seen.values())} operators in cases, {unknown} cases left out")


@case("dense twins, of one bin and of several, with norms, and in other units")
def _():
    x = simulate()
    for activation, norm in (("tanh", "batch"), ("relu", "layer"), ("sigmoid", "none"), ("softplus", "none"), ("linear", "none")):
        bins = 3 if norm != "none" else 1
        predicted = fit(f'{{name="dense", hidden=[12, 12], activation="{activation}", norm="{norm}", residual=true, dropout=0.2, output_activation="tanh"}}',
                        f'dataset.history="{bins} ms"', 'dataset.normalise="zscore"', 'dataset.normalise_targets="zscore"')
        model = exported()
        compare(activation, predicted, onnx_evaluator.evaluate(model, windows(x, bins))[0][:, 0])
    notes = {p.key: p.value for p in model.metadata_props}
    check(json.loads(notes["inputs"])[3] == "X[3] activity" and len(json.loads(notes["outputs"])) == 40, "the channels have their names")
    check(float(notes["bin_ms"]) == 1, "the bin has its length")
    # Several bins of the targets.
    ok("fit", "--from", "run.h5", "-o", "twin.h5", "--overwrite", *gradient, "--set", 'dataset.horizon="2 ms"', "--set", "model.approximator=\"dense\"")
    ok("predict", "twin.h5", "--input", "input.csv", "-o", "predicted.csv", "--overwrite")
    predicted = np.loadtxt("predicted.csv", delimiter=",", skiprows=1)[:, 1:]
    compare("horizon", predicted, onnx_evaluator.evaluate(exported(), windows(x, 1))[0].reshape(len(predicted), 80))


@case("convolutional twins")
def _():
    x = simulate()
    for norm, activation in (("none", "relu"), ("layer", "tanh"), ("batch", "softplus")):
        predicted = fit(f'{{name="convolutional", filters=[6, 6, 4], kernel=[5, 3, 1], dilation=[1, 4, 2], residual=true, norm="{norm}", activation="{activation}"}}',
                        *sequence, 'dataset.normalise="zscore"')
        compare(norm, predicted, onnx_evaluator.evaluate(exported(), x[None])[0][0])


@case("heads with activations of their own")
def _():
    text = rate.replace("[model]", '[dataset.targets.again]\nsource = "population:X"\nwhat = "activity"\n\n[model]')
    text = text.replace("[evaluation]", '[training.heads.activity]\nloss = "mse"\n\n[training.heads.again]\nloss = "poisson"\n\n[evaluation]')
    # Rates of activity are not below 0 here.
    text = text.replace('neuron = { name = "tanh_rate", tau = 5 }', 'neuron = { name = "threshold_lin_rate", tau = 5 }')
    x = simulate(text)
    predicted = fit('{name="convolutional", filters=[6], kernel=[5]}', *sequence)
    check(predicted.shape[1] == 80 and predicted[:, 40:].min() > 0, "the second head gives rates")
    compare("heads", predicted, onnx_evaluator.evaluate(exported(), x[None])[0][0])


@case("recurrent twins")
def _():
    x = simulate()
    for cell in ("rnn", "gru", "lstm"):
        for more in ("", ", bidirectional=true, embedding=7, dropout=0.2", ', norm="layer"', ', norm="layer", bidirectional=true'):
            predicted = fit(f'{{name="recurrent", cell="{cell}", units=[6, 5]{more}}}', *sequence)
            model = exported()
            compare(cell + more, predicted, onnx_evaluator.evaluate(model, x[None])[0][0])
            # Sequences of a batch do not see one another.
            both = onnx_evaluator.evaluate(model, np.stack([x[:200], x[200:400]]))[0]
            compare(cell + more, both[1], onnx_evaluator.evaluate(model, x[None, 200:400])[0][0])


@case("twins whose units are neurons")
def _():
    x = simulate()
    predicted = fit('{name="connectome_rate", constraint="mask_sign", learn_gain=true, learn_tau=true}', *sequence)
    compare("connectome_rate", predicted, onnx_evaluator.evaluate(exported(), x[None])[0][0])
    # Of activities, those above 0.5 count as spikes.
    x = write_input((np.abs(x) > 1.5 * x.std()).astype(float))
    for reset in ("true", "false"):
        predicted = fit(f'{{name="connectome", constraint="mask", tau=3, threshold=0.5, reset={reset}}}', *sequence)
        compare(f"connectome, reset = {reset}", predicted, onnx_evaluator.evaluate(exported(), x[None])[0][0])


def idx(path, values):
    """A file of bytes in IDX."""
    pathlib.Path(path).write_bytes(bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.astype(np.uint8).tobytes())


@case("convolutional twins of images, and classes")
def _():
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 3, 300)
    images = draw.integers(0, 120, (300, 12, 11))
    images[np.arange(300), labels * 4, :] += 100
    for name, rows in (("train", slice(0, 240)), ("test", slice(240, 300))):
        idx(f"{name}-images", images[rows]), idx(f"{name}-labels", labels[rows])
    tables = "".join(f'[files.{split}_{what}]\npath = "{split}-{what}"\n\n' for split in ("train", "test") for what in ("images", "labels"))
    for options in ('norm="batch", activation="tanh"', 'norm="layer", padding="valid", stride=[2, 1], pooling=[1, 2]', 'activation="relu"'):
        write(f"""title = "images"

{tables}[samples.inputs.pixel]
reader = "idx"
train = "train_images"
test = "test_images"
scale = 0.00392156862745098

[samples.targets.label]
reader = "idx"
train = "train_labels"
test = "test_labels"
encoding = "class"

[model]
approximator = {{ name = "convolutional_2d", image = [12, 11], filters = [4, 5], kernel = [3], {options} }}

[training]
loss = "cross_entropy"
epochs = 3

[evaluation]
metrics = ["mse"]
""")
        ok("run", "experiment.toml", "-o", "twin.h5", "--overwrite")
        with h5py.File("twin.h5") as f:
            test = f["proxon/predictions/split"][:] == 2
            predicted = f["proxon/predictions/prediction"][:][test]
        x = (images[240:].reshape(60, 1, 132) * 0.00392156862745098).astype(np.float32)
        y = onnx_evaluator.evaluate(exported(), x)[0][:, 0]
        check(np.allclose(y.sum(axis=1), 1, atol=1e-5), "the outputs are probabilities")
        compare(options, predicted, y)


def run_nir(path, x):
    """A graph of NIR step by step: linear nodes, and leaky integrators of which the input is constant over a step. A node that is asked for while it is
    computed closes a circle: what it gave at the step before counts. Reset is by subtraction where a node's metadata say so. Returns outputs, spikes."""
    with h5py.File(path) as f:
        check(f["version"][()] and f["node/type"][()] == b"NIRGraph", "the file says what it is")
        nodes = {name: {key: value[()] for key, value in group.items() if isinstance(value, h5py.Dataset)} for name, group in f["node/nodes"].items()}
        subtracts = {name for name, group in f["node/nodes"].items() if "metadata" in group and group["metadata/reset"][()] == b"subtract"}
        edges = [(a.decode(), b.decode()) for a, b in f["node/edges"][()]]
        dt = float(f["node/metadata/dt"][()])
        heads = json.loads(f["node/metadata/heads"][()]) if "heads" in f["node/metadata"] else []
    before = {name: [a for a, b in edges if b == name] for name in nodes}
    kind = {name: node["type"].decode() for name, node in nodes.items()}
    size = {name: len(node.get("tau", node.get("bias", node.get("weight", np.zeros(node.get("shape", [0])))))) for name, node in nodes.items()}
    v = {name: np.zeros(size[name]) for name in nodes}
    gave = {name: np.zeros(size[name]) for name in nodes}
    outputs, fired = [], 0
    for row in x:
        done, asked = {}, set()

        def value(name):
            if name in done:
                return done[name]
            if name in asked:
                return gave[name]
            asked.add(name)
            node = nodes[name]
            if kind[name] == "Input":
                done[name] = row
                return row
            into = sum(value(source) for source in before[name])
            if kind[name] == "Affine":
                y = node["weight"].astype(float) @ into + node["bias"]
            elif kind[name] == "Linear":
                y = node["weight"].astype(float) @ into
            elif kind[name] == "Output":
                y = into
            else:
                check(kind[name] in ("LI", "LIF"), f"a node of type {kind[name]}")
                keep = np.exp(-dt / node["tau"].astype(float))
                v[name] = keep * (v[name] - node["v_leak"]) + node["v_leak"] + (1 - keep) * node["r"] * into
                if kind[name] == "LIF":
                    if name in subtracts:
                        v[name] -= node["v_threshold"] * gave[name]
                    else:
                        v[name] = np.where(gave[name] > 0, node["v_reset"], v[name])
                    y = (v[name] > node["v_threshold"]).astype(float)
                else:
                    y = v[name]
            done[name] = y
            return y

        outputs.append(value(next(name for name in nodes if kind[name] == "Output")))
        gave.update(done)
        fired += sum(done[name].sum() for name in nodes if kind[name] == "LIF")
    y = np.array(outputs)
    for head in heads:
        columns = slice(head["first"], head["first"] + head["columns"])
        if head["activation"] == "softplus":
            y[:, columns] = np.logaddexp(0, y[:, columns])
        else:
            check(head["activation"] == "linear", f"an activation {head['activation']}")
    return y, fired, collections.Counter(kind.values())


@case("spiking twins, as NIR and as ONNX")
def _():
    text = rate.replace('neuron = { name = "tanh_rate", tau = 5 }', 'neuron = { name = "threshold_lin_rate", tau = 5 }').replace('"1500 ms"', '"600 ms"')
    x = simulate(text)
    for options, settings, types in (
            ("units=[8, 6], recurrent=true, learn_tau=true, learn_threshold=true, threshold=0.3", ['dataset.normalise_targets="zscore"'],
             {"Input": 1, "Affine": 5, "LIF": 2, "Linear": 2, "LI": 1, "Output": 1}),
            ("units=[8], readout_tau=0, threshold=0.3", ['training.loss="poisson"'], {"Input": 1, "Affine": 3, "LIF": 1, "Output": 1})):
        predicted = fit(f'{{name="spiking", {options}}}', *sequence, 'dataset.normalise="zscore"', *settings)
        compare(options, predicted, onnx_evaluator.evaluate(exported(), x[None])[0][0])
        ok("export", "twin.h5", "--output", "twin.nir", "--overwrite")
        y, fired, kinds = run_nir("twin.nir", x)
        check(kinds == types, f"{options}: the nodes are {dict(kinds)}")
        check(100 < fired < 0.9 * len(x) * 8, f"{options}: {fired} spikes")
        compare(options, predicted, y)


@case("export refuses what cannot be")
def _():
    simulate()
    refused("export", "run.h5", "--output", "twin.onnx", says=["holds no twin", "proxon fit"])
    fit('"dense"')
    refused("export", "twin.h5", says=["--output"])
    refused("export", "twin.h5", "--output", "twin.txt", says=["twin.txt", ".onnx or .nir", "--format"])
    refused("export", "twin.h5", "--output", "twin.txt", "--format", "pickle", says=["'pickle'", "onnx or nir"])
    refused("export", "twin.h5", "--output", "twin.nir", says=["'dense'", "NIR"])
    refused("export", "twin.h5", "--output", "nowhere/twin.onnx", says=["nowhere/twin.onnx", "cannot be written"])
    refused("export", "twin.h5", "--output", "twin.onnx", says=["twin.onnx", "cannot be written"], limit_file=1000)
    ok("export", "twin.h5", "--output", "twin", "--format", "onnx")
    refused("export", "twin.h5", "--output", "twin", "--format", "onnx", says=["twin", "--overwrite"])
    fit('{name="spiking", units=[4], graded=true}', *sequence)
    for name in ("twin.onnx", "twin.nir"):
        refused("export", "twin.h5", "--output", name, says=["'spiking'", "graded"])
    fit('{name="spiking", units=[4]}', *sequence)
    refused("export", "twin.h5", "--output", "nowhere/twin.nir", says=["nowhere/twin.nir"])
    refused("export", "twin.h5", "--output", "twin.nir", says=["twin.nir"], limit_file=1000)


main()
