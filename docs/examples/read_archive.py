#!/usr/bin/python3
"""Read a Proxon archive with h5py alone: python3 read_archive.py RUN.h5"""
import sys
import h5py


def open_archive(path):
    """A finished archive, one that is being written, or one that a killed run left behind."""
    try:
        return h5py.File(path, "r")
    except OSError:
        return h5py.File(path, "r", libver="latest", swmr=True)


def text(dataset):
    return bytes(dataset[:]).decode()


f = open_archive(sys.argv[1])

# What was run.
print("version", f["proxon"].attrs["version"], "seed", f["proxon"].attrs["seed"])
print("experiment", len(text(f["proxon/text/experiment"])), "bytes")
for stage in f["proxon/stages"][:]:
    print("stage", stage["name"].decode(), stage["seconds"], "s")

# The network: populations with their parameters, projections as synapses (source, target, weight, delay).
for name, model in f["proxon/populations"].asstr()[:]:
    parameters = f["proxon/parameters/populations/" + name].attrs
    units = {key: parameters.get(key + ".unit", "") for key in parameters if not key.endswith(".unit")}
    print("population", name, model, len(f["nodes"][name]["node_id"]), {k: (parameters[k], u) for k, u in units.items()})
for name, source, target, synapse, rule, unit in f["proxon/projections"].asstr()[:]:
    edges = f["edges"][name]
    pre, post = edges["source_node_id"][:], edges["target_node_id"][:]
    weight, delay = edges["0/syn_weight"][:], edges["0/delay"][:]
    print("projection", name, synapse, rule, len(pre), "synapses, weights in", unit, "sum", weight.sum())

# Spikes in order of time, in ms; the same by unit, in s.
for name in f["spikes"]:
    times, nodes = f["spikes"][name]["timestamps"][:], f["spikes"][name]["node_ids"][:]
    n = min(len(times), len(nodes))  # they may differ in a file that was killed and not yet recovered
    print("spikes", name, n)
if "units" in f:
    ends = f["units/spike_times_index"][:]
    first_unit = f["units/spike_times"][: ends[0]]
    print("units", len(ends), "spikes of the first", len(first_unit))

# Traces: one report a population and variable, rows are steps, columns are neurons.
for name, population, variable, unit in f["proxon/traces"].asstr()[:]:
    report = f["report"][name]
    start, stop, step = report["mapping/time"][:]
    print("trace", population, variable, unit, report["data"].shape, "every", step, "ms")

# Stimulus signals, and recorded rates of populations.
for name, unit, description, of in f["proxon/signals"].asstr()[:]:
    series = f["acquisition" if of == "population" else "stimulus/presentation"][name]
    print("rate" if of == "population" else "signal", name, series["data"].shape)

# Cross-correlations: pairs of spikes a lag, and how many chance would make.
for name, source, target in f["proxon/correlations"].asstr()[:]:
    table = f["analysis"][name]
    print("correlation", name, source, target, "lags", table["lag"][:], "s, count", table["count"][:])

# The model: matrix W and bias b of layer k.
theta, layers = f["proxon/model/theta"], f["proxon/model/layers"]
for k in range(len(layers)):
    L = layers[k]
    W = theta[L["weight"] : L["weight"] + L["inputs"] * L["outputs"]].reshape(L["inputs"], L["outputs"])
    b = theta[L["bias"] : L["bias"] + L["outputs"]] if L["bias"] >= 0 else None
    print("layer", L["name"].decode(), L["activation"].decode(), W.shape, "sum", W.sum(), "bias", b)

# Training curves, predictions, metrics.
print("epochs", len(f["proxon/training/epochs"]), "last", f["proxon/training/epochs"][-1:]["train_loss"])
p = f["proxon/predictions"]
test = p["split"][:] == 2  # 0 train, 1 validation, 2 test
print("predictions", p["prediction"].shape, "of", [c.decode() for c in p["channels"][:]], "test rows", test.sum())
def answer(row):
    return row["value"] if row["defined"] else "undefined: " + row["reason"].decode()
beside = f["proxon/metric_baselines"][:]  # what null models get: rows point at rows of the metrics
for k, m in enumerate(f["proxon/metrics"][:]):
    print("metric", m["name"].decode(), m["scope"].decode(), answer(m), "n", m["n"])
    for b in beside[beside["metric"] == k]:
        print("  ", b["name"].decode(), answer(b))
